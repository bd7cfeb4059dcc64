//! Two revisions → what the change between them means. Reads nothing but texts.

use super::{Compiler, Repository, Wanted, source};
use crate::git::{Access, Comparison, Limits, Memory, Source};
use crate::review::{self, Review, Side};

/// Two revisions, understood and compared.
pub struct Reviewed {
    pub base: Wanted,
    pub head: Wanted,
    pub review: Review,
}

/// Reads two revisions, off the threads that others wait on. A base or a head that is not named is chosen: see
/// [`crate::git::compare`].
pub async fn read_both(
    source: Source,
    names: (Option<String>, Option<String>),
    limits: Limits,
    access: Access,
) -> anyhow::Result<Comparison<Repository>> {
    let memory = Memory::default();
    let also = |_: &str| false;
    let (compared, _) = source::compare(source, names, limits, access, also, memory).await?;
    Ok(compared?)
}

/// Compares what two revisions mean. What is the same in both is compiled once.
pub fn review(base: Repository, head: Repository) -> Reviewed {
    let mut compiler = Compiler::default();
    let base = compiler.compile(base);
    let head = compiler.compile(head);
    let review = review::review(side(&base), side(&head));
    Reviewed { base, head, review }
}

fn side(wanted: &Wanted) -> Side<'_> {
    Side {
        desired: &wanted.desired,
        problems: &wanted.problems,
    }
}
