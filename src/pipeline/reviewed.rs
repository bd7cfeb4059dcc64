//! Two revisions → what the change between them means. Reads nothing but texts.

use super::{Compiler, Repository, Wanted};
use crate::review::{self, Review, Side};

/// Two revisions, understood and compared.
pub struct Reviewed {
    pub base: Wanted,
    pub head: Wanted,
    pub review: Review,
}

/// Compares two revisions. What is the same in both is compiled once.
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
