//! Two revisions → what the change between them means. Reads nothing but texts.

use super::{Compiler, Repository, Wanted, source};
use crate::diagnostics::Diagnostics;
use crate::git::{Access, ChangeKind, Comparison, How, Limits, Memory, Source};
use crate::owners::{self, Owners};
use crate::report::review::About;
use crate::review::{self, Presence, Review, Side};

/// Two revisions, understood and compared.
pub struct Reviewed {
    pub base: Wanted,
    pub head: Wanted,
    pub review: Review,
}

impl Reviewed {
    /// Whose review it is: a change does not choose under whose name it is answered, but where there was nothing before it.
    pub fn installation(&self) -> &str {
        let named = if self.base.is_empty {
            &self.head
        } else {
            &self.base
        };
        named.desired.installation.as_str()
    }
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

/// What is reviewed, by name. How the two were brought together is worth a word only where it is not what merging gives.
pub fn about(compared: &Comparison<Repository>) -> About {
    let named = |name: &str, revision: &str| {
        if revision.starts_with(name) || name.starts_with(revision) {
            revision.to_owned()
        } else {
            format!("{name} {revision}")
        }
    };
    let (base, head) = (&compared.base, &compared.head);
    let is_plain = matches!(compared.how, How::Ahead | How::Merged);
    let removed = compared.changes.iter();
    let removed = removed.filter(|change| change.kind == ChangeKind::Removed);
    About {
        repository: head.name.clone(),
        base: named(&compared.base_name, &base.revision),
        head: named(&compared.head_name, &head.revision),
        notes: (!is_plain)
            .then(|| compared.explained())
            .into_iter()
            .collect(),
        files: compared.changes.len(),
        gone: removed.map(|change| change.path.clone()).collect(),
    }
}

/// Compares what two revisions mean. What is the same in both is compiled once.
pub fn review(mut base: Repository, mut head: Repository) -> Reviewed {
    // Those of the base, as a forge has it: a change does not choose who is asked about it.
    let changed = owners_changed(&base, &head);
    let owners = take_owners(&mut base);
    take_owners(&mut head);
    let mut compiler = Compiler::default();
    let base = compiler.compile(base);
    let head = compiler.compile(head);
    let mut review = review::review(side(&base), side(&head));
    for (file, how) in changed {
        review.owners_change(file, how);
    }
    if let Some(owners) = owners {
        review.name_owners(|file| {
            let owned = owners.of(file).into_iter();
            let names = owned.flat_map(|owned| owned.owners);
            names.map(ToString::to_string).collect()
        });
    }
    Reviewed { base, head, review }
}

/// The files that say who owns what, and say something else than before.
fn owners_changed(base: &Repository, head: &Repository) -> Vec<(&'static str, Presence)> {
    // What GitLab heads a section with begins with no `#`; a comment says nothing.
    let said = |side: &Repository, file: &str| -> Option<Vec<String>> {
        let lines = side.sources.get(file)?.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Some(lines.map(str::to_owned).collect())
    };
    let files = owners::PATHS.into_iter();
    let changed = files.filter_map(|file| match (said(base, file), said(head, file)) {
        (before, after) if before == after => None,
        (None, _) => Some((file, Presence::Added)),
        (_, None) => Some((file, Presence::Removed)),
        _ => Some((file, Presence::Changed)),
    });
    changed.collect()
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
