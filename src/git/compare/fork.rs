use git2::{ErrorCode, Oid, Repository};

use super::Pair;
use crate::git::local;
use crate::git::{Error, Source, names, revision, tree};

const DEEPEN: &str = "fetch the rest with `git fetch --unshallow`; in a job of CI, with `fetch-depth: 0` of actions/checkout, or `GIT_DEPTH: 0` in GitLab";

const BASE: &str = "name the branch that it is to be merged into with --base";

/// The branches that are usually merged into, after the one that the server calls its default branch.
const USUAL: [&str; 4] = [
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// Both commits in a repository of this machine, and where the head left the base.
pub(super) fn find(source: &Source, base: Option<&str>, head: Option<&str>) -> Result<Pair, Error> {
    let place = source.to_string();
    let Some((located, directory)) = local::around(source)? else {
        let why = "it is not in a git repository";
        let hint = "name a directory that is, or the URL of a repository";
        return Err(not_compared(&place, why, hint));
    };
    let has_tree = directory.is_some();
    let standing = directory.filter(|_| head.is_none());
    if head.is_none() && standing.is_none() {
        return Err(no_head(&place));
    }
    let repository = &located.repository;
    if revision::head(repository, &place)?.is_none() && base.is_none() {
        return Err(local::no_commits(&place));
    }
    let base_name = match base {
        Some(name) => name.to_owned(),
        None if has_tree => usual_base(repository, head, &place)?,
        None => local_head(repository).unwrap_or_else(|| "HEAD".to_owned()),
    };
    let base = commit(repository, &base_name, &place)?;
    let head_commit = commit(repository, head.unwrap_or("HEAD"), &place)?;
    let base_name = names::printable(&base_name);
    let head_name = names::printable(head.unwrap_or("HEAD"));
    let fork = fork(repository, [base, head_commit])?
        .ok_or_else(|| nothing_common(repository, &place, [&base_name, &head_name]))?;
    Ok(Pair {
        located,
        place,
        base_name,
        head_name,
        base,
        head: head_commit,
        fork,
        standing,
    })
}

/// The newest commit that is in both histories, if there is one as far as they are here.
pub(super) fn fork(repository: &Repository, [base, head]: [Oid; 2]) -> Result<Option<Oid>, Error> {
    match repository.merge_base(base, head) {
        Ok(commit) => Ok(Some(commit)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(tree::damaged("", error)),
    }
}

pub(super) fn nothing_common(
    repository: &Repository,
    place: &str,
    [base, head]: [&str; 2],
) -> Error {
    if repository.is_shallow() {
        let why = format!(
            "it is a shallow clone, and where '{head}' left '{base}' is beyond the end of its history"
        );
        return not_compared(place, &why, DEEPEN);
    }
    let why = format!("'{base}' and '{head}' have no commit in common");
    not_compared(place, &why, BASE)
}

pub(super) fn no_head(place: &str) -> Error {
    let why = "it has no working tree that could be the head";
    let hint = "name a branch, a tag or a commit with --head";
    not_compared(place, why, hint)
}

fn not_compared(place: &str, why: &str, hint: &str) -> Error {
    Error::NotCompared {
        place: place.to_owned(),
        why: why.to_owned(),
        hint: hint.to_owned(),
    }
}

fn commit(repository: &Repository, name: &str, place: &str) -> Result<Oid, Error> {
    let found = revision::find(repository, name, place).map(|commit| commit.id());
    found.map_err(|error| match error {
        Error::UnknownReference {
            reference,
            place,
            hint,
        } if repository.is_shallow() => Error::UnknownReference {
            reference,
            place,
            hint: format!("{hint} (or it is left out of this shallow clone: {DEEPEN})"),
        },
        error => error,
    })
}

/// The branch that the head is probably merged into.
fn usual_base(repository: &Repository, head: Option<&str>, place: &str) -> Result<String, Error> {
    let itself = match head.filter(|head| *head != "HEAD") {
        None => repository.head(),
        Some(name) => repository.resolve_reference_from_short_name(name),
    };
    let itself = itself.ok();
    let default = repository.find_reference("refs/remotes/origin/HEAD");
    let default = default.ok().and_then(|reference| {
        let target = reference.symbolic_target().ok().flatten();
        target.map(str::to_owned)
    });
    let tried: Vec<&str> = default.as_deref().into_iter().chain(USUAL).collect();
    let found = tried.iter().find(|name| {
        let is_itself = itself
            .as_ref()
            .is_some_and(|itself| itself.name_bytes() == name.as_bytes());
        !is_itself && repository.find_reference(name).is_ok()
    });
    if let Some(name) = found {
        return Ok(short(name));
    }
    // On the branch that others merge into, what is new is what is not committed. On any other, nothing would look changed.
    let is_itself_usual = itself
        .as_ref()
        .and_then(|itself| itself.name().ok())
        .is_some_and(|name| tried.contains(&name));
    if head.is_none() && is_itself_usual {
        return Ok("HEAD".to_owned());
    }
    let tried: Vec<String> = tried
        .iter()
        .map(|name| names::printable(&short(name)))
        .collect();
    let why = format!(
        "nothing says what to compare with: there is no branch but the head itself among origin/HEAD, {}",
        tried.join(", ")
    );
    let mut hint = BASE.to_owned();
    if repository.is_shallow() {
        hint += &format!("; or, where it is left out of this shallow clone, {DEEPEN}");
    }
    Err(not_compared(place, &why, &hint))
}

fn short(name: &str) -> String {
    let start = ["refs/heads/", "refs/remotes/"];
    let short = start.iter().find_map(|start| name.strip_prefix(start));
    short.unwrap_or(name).to_owned()
}

fn local_head(repository: &Repository) -> Option<String> {
    let head = repository.head().ok()?;
    head.shorthand().ok().map(str::to_owned)
}
