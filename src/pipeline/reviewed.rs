//! Two revisions → what the change between them means. Reads nothing but texts.

use super::{Compiler, Repository, Wanted, source};
use crate::diagnostics::Diagnostics;
use crate::git::{Access, Comparison, Limits, Memory, Source};
use crate::owners::{self, Owners};
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
    let also = owners::is_wanted;
    let (compared, _) = source::compare(source, names, limits, access, also, memory).await?;
    Ok(compared?)
}

/// Compares what two revisions mean. What is the same in both is compiled once.
pub fn review(mut base: Repository, mut head: Repository) -> Reviewed {
    // Those of the base, as a forge has it: a change does not choose who is asked about it.
    let owners = take_owners(&mut base);
    take_owners(&mut head);
    let mut compiler = Compiler::default();
    let base = compiler.compile(base);
    let head = compiler.compile(head);
    let mut review = review::review(side(&base), side(&head));
    if let Some(owners) = owners {
        review.name_owners(|file| {
            let owned = owners.of(file).into_iter();
            let names = owned.flat_map(|owned| owned.owners);
            names.map(ToString::to_string).collect()
        });
    }
    Reviewed { base, head, review }
}

/// Who owns what, as a revision says. It is no declaration, and is not compiled.
fn take_owners(repository: &mut Repository) -> Option<Owners> {
    let sources = &repository.sources;
    let text_of = |path: &str| sources.get(path).map(AsRef::as_ref);
    // What is wrong in that file, its forge shows.
    let owners = Owners::find(None, text_of, &mut Diagnostics::default());
    repository
        .sources
        .retain(|path, _| !owners::is_wanted(path));
    owners
}

fn side(wanted: &Wanted) -> Side<'_> {
    Side {
        desired: &wanted.desired,
        problems: &wanted.problems,
    }
}
