use git2::{Oid, Reference, Repository};

use crate::git::revision::suggest;
use crate::git::{Error, names};

/// What to ask a server for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) enum Want {
    /// A reference the server has, by its full name.
    Name(String),
    /// A commit that no reference points at.
    Commit(Oid),
    /// The beginning of a commit id.
    Prefix(String),
}

/// Finds what a person means by a name among the references of a server.
pub(in crate::git) fn choose(
    heads: &[(String, Oid)],
    reference: Option<&str>,
    place: &str,
) -> Result<Want, Error> {
    let Some(reference) = reference.filter(|reference| *reference != "HEAD") else {
        return default_branch(heads, place);
    };
    let unknown = |hint: String| unknown(reference, place, hint);
    let has = |name: &str| {
        heads
            .iter()
            .find(|(head, _)| head == name)
            .map(|(_, id)| *id)
    };
    let branch = format!("refs/heads/{reference}");
    let tag = format!("refs/tags/{reference}");
    if !Reference::is_valid_name(&branch) {
        return Err(unknown(
            "a server knows branches, tags and commit ids only".to_owned(),
        ));
    }
    if reference.starts_with("refs/") && has(reference).is_some() {
        return Ok(Want::Name(reference.to_owned()));
    }
    // What forges keep of a pull request is neither a branch nor a tag: refs/pull/12/head.
    let full = format!("refs/{reference}");
    let tagged = has(&format!("{tag}^{{}}")).or_else(|| has(&tag));
    match (has(&branch), tagged) {
        (Some(b), Some(t)) if b != t => Err(unknown(format!(
            "it is a branch and a tag; write {branch} or {tag}"
        ))),
        (Some(_), _) => Ok(Want::Name(branch)),
        (None, Some(_)) => Ok(Want::Name(tag)),
        (None, None) if has(&full).is_some() => Ok(Want::Name(full)),
        (None, None) if is_commit_id(reference) => {
            Ok(by_id(heads, &reference.to_ascii_lowercase()))
        }
        (None, None) if reference.starts_with("refs/") => {
            let names = heads.iter().map(|(name, _)| name.as_str());
            let names = names.filter(|name| name.starts_with("refs/") && !name.ends_with("^{}"));
            Err(unknown(suggest(reference, names)))
        }
        (None, None) => Err(unknown(suggest(reference, short_names(heads)))),
    }
}

fn default_branch(heads: &[(String, Oid)], place: &str) -> Result<Want, Error> {
    if heads.iter().any(|(name, _)| name == "HEAD") {
        return Ok(Want::Name("HEAD".to_owned()));
    }
    let names: Vec<_> = short_names(heads).take(5).map(names::printable).collect();
    let hint = match names.len() {
        0 => "; push some first".to_owned(),
        _ => format!(
            " on its default branch; choose another with --ref, for instance {}",
            names.join(", ")
        ),
    };
    Err(Error::NoCommits {
        place: place.to_owned(),
        hint,
    })
}

fn by_id(heads: &[(String, Oid)], id: &str) -> Want {
    let tip = heads.iter().find(|(_, tip)| tip.to_string() == id);
    match (tip, Oid::from_str(id)) {
        (Some((name, _)), _) => Want::Name(name.strip_suffix("^{}").unwrap_or(name).to_owned()),
        (None, Ok(commit)) if id.len() == 40 => Want::Commit(commit),
        _ => Want::Prefix(id.to_owned()),
    }
}

fn is_commit_id(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn short_names(heads: &[(String, Oid)]) -> impl Iterator<Item = &str> + Clone {
    heads.iter().filter_map(|(name, _)| {
        let name = name
            .strip_prefix("refs/heads/")
            .or_else(|| name.strip_prefix("refs/tags/"))?;
        (!name.ends_with("^{}")).then_some(name)
    })
}

/// The commit among everything that was fetched.
pub(in crate::git) fn find_fetched(
    repository: &Repository,
    want: &Want,
    place: &str,
) -> Result<Oid, Error> {
    let text = &match want {
        Want::Commit(id) => id.to_string(),
        Want::Name(text) | Want::Prefix(text) => text.clone(),
    };
    let object = repository.revparse_single(text).map_err(|error| {
        let hint = match error.code() {
            git2::ErrorCode::Ambiguous => "more than one commit starts like that; write more of it",
            _ => "no branch and no tag of the server leads to such a commit; is it pushed?",
        };
        unknown(text, place, hint.to_owned())
    })?;
    let commit = object.peel_to_commit();
    commit
        .map(|commit| commit.id())
        .map_err(|_| unknown(text, place, "it is not a commit".to_owned()))
}

fn unknown(reference: &str, place: &str, hint: String) -> Error {
    Error::UnknownReference {
        reference: names::printable(reference),
        place: place.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> Oid {
        Oid::from_str(&digit.repeat(40)).unwrap()
    }

    fn heads() -> Vec<(String, Oid)> {
        let head = |name: &str, digit| (name.to_owned(), id(digit));
        vec![
            head("HEAD", "1"),
            head("refs/heads/main", "1"),
            head("refs/heads/v1", "2"),
            head("refs/tags/v1", "3"),
            head("refs/tags/v1^{}", "4"),
            head("refs/tags/v2", "5"),
            head("refs/tags/v2^{}", "6"),
            head("refs/pull/12/head", "7"),
        ]
    }

    fn chosen(reference: &str) -> Want {
        choose(&heads(), Some(reference), "place").unwrap()
    }

    fn said(reference: &str) -> String {
        choose(&heads(), Some(reference), "place")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn names_and_ids_are_found_among_the_references_of_the_server() {
        let name = |name: &str| Want::Name(name.to_owned());
        assert_eq!(choose(&heads(), None, "place").unwrap(), name("HEAD"));
        assert_eq!(chosen("main"), name("refs/heads/main"));
        assert_eq!(chosen("v2"), name("refs/tags/v2"));
        assert_eq!(chosen("refs/tags/v1"), name("refs/tags/v1"));
        assert_eq!(chosen("refs/pull/12/head"), name("refs/pull/12/head"));
        assert_eq!(chosen("pull/12/head"), name("refs/pull/12/head"));
        assert_eq!(chosen(&"6".repeat(40)), name("refs/tags/v2"));
        assert_eq!(chosen(&"A".repeat(40)), Want::Commit(id("a")));
        assert_eq!(chosen("abc1234"), Want::Prefix("abc1234".to_owned()));
    }

    #[test]
    fn what_cannot_be_found_is_explained() {
        assert!(said("v1").contains("refs/heads/v1 or refs/tags/v1"));
        assert!(said("mian").contains("did you mean 'main'?"));
        assert!(said("refs/pull/13/head").contains("did you mean 'refs/pull/12/head'?"));
        assert!(said("HEAD~1").contains("branches, tags and commit ids only"));
        assert!(said("a:refs/heads/x").contains("branches, tags and commit ids only"));
    }

    #[test]
    fn an_empty_server_and_one_without_default_branch_are_told_apart() {
        let said = |heads: &[(String, Oid)]| choose(heads, None, "place").unwrap_err().to_string();
        assert!(said(&[]).contains("no commits; push some first"));
        assert!(said(&heads()[1..]).contains("--ref, for instance main, v1"));
    }
}
