use std::fmt;

use git2::{ErrorCode, ObjectType, Repository};

use super::{Error, names};

/// Which state of a repository was read. Printed as `3f2a9c1`, `3f2a9c1+edited` or `unversioned`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// The commit in full, or nothing for a directory that has none.
    pub commit: Option<String>,
    /// The wanted files differ from that commit.
    pub edited: bool,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.commit {
            Some(commit) => write!(
                f,
                "{}{}",
                short(commit),
                if self.edited { "+edited" } else { "" }
            ),
            None => f.write_str("unversioned"),
        }
    }
}

pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// The commit that a person means by `reference` in a repository on this machine: a branch, tag, commit id, `HEAD~1`.
pub(super) fn find<'r>(
    repository: &'r Repository,
    reference: &str,
    place: &str,
) -> Result<git2::Commit<'r>, Error> {
    let unknown = |hint: String| Error::UnknownReference {
        reference: names::printable(reference),
        place: place.to_owned(),
        hint,
    };
    let object = repository
        .revparse_single(reference)
        .map_err(|error| match error.code() {
            ErrorCode::NotFound => unknown(suggest(
                reference,
                local_names(repository).iter().map(String::as_str),
            )),
            ErrorCode::Ambiguous => {
                unknown("more than one object starts like that; write more of it".to_owned())
            }
            _ => unknown(format!(
                "{}; name a branch, a tag or a commit",
                names::printable(error.message())
            )),
        })?;
    object
        .peel(ObjectType::Commit)
        .ok()
        .and_then(|object| object.into_commit().ok())
        .ok_or_else(|| unknown("it is not a commit; name a branch, a tag or a commit".to_owned()))
}

/// The commit that is checked out, or nothing in a repository that has none yet.
pub(super) fn head<'r>(
    repository: &'r Repository,
    place: &str,
) -> Result<Option<git2::Commit<'r>>, Error> {
    let broken = |source: git2::Error| Error::Repository {
        path: place.into(),
        hint: "its HEAD cannot be read, see `git fsck`".to_owned(),
        source: source.into(),
    };
    match repository.head() {
        Ok(head) => head.peel_to_commit().map(Some).map_err(broken),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            Ok(None)
        }
        Err(error) => Err(broken(error)),
    }
}

fn local_names(repository: &Repository) -> Vec<String> {
    let references = repository.references().into_iter().flatten().flatten();
    references
        .filter_map(|reference| reference.shorthand().ok().map(str::to_owned))
        .collect()
}

/// What to say after a name that is not there.
pub(super) fn suggest<'n>(wrong: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let near = names::near(wrong, known.clone());
    if !near.is_empty() {
        let near: Vec<_> = near
            .into_iter()
            .map(|name| format!("'{}'", names::printable(name)))
            .collect();
        return format!("did you mean {}?", near.join(" or "));
    }
    let some: Vec<_> = known.take(5).map(names::printable).collect();
    match some.len() {
        0 => "there are no branches or tags; push one first".to_owned(),
        _ => format!(
            "it has, among others, {}; name a branch, a tag or a commit",
            some.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_prints_as_people_write_it() {
        let commit = Some("3f2a9c1d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned());
        let shown = |commit: &Option<String>, edited| {
            Revision {
                commit: commit.clone(),
                edited,
            }
            .to_string()
        };
        assert_eq!(shown(&commit, false), "3f2a9c1");
        assert_eq!(shown(&commit, true), "3f2a9c1+edited");
        assert_eq!(shown(&None, true), "unversioned");
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion_or_a_list() {
        let known = ["main", "v1.0"];
        assert_eq!(suggest("mian", known.into_iter()), "did you mean 'main'?");
        assert!(suggest("production", known.into_iter()).contains("main, v1.0"));
    }
}
