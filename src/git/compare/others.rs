use std::collections::BTreeMap;

use git2::{DiffOptions, Oid, Repository, Tree};

use crate::git::files::join;
use crate::git::local::Located;
use crate::git::tree::{DIRECTORY, damaged};
use crate::git::{Error, names};

/// How many files that are not wanted differ between two trees. What is one and the same below both is not looked at.
pub(super) fn between(
    repository: &Repository,
    before: Option<&Tree<'_>>,
    after: Option<&Tree<'_>>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<usize, Error> {
    let mut count = 0;
    let mut waiting = vec![(String::new(), before.map(Tree::id), after.map(Tree::id))];
    while let Some((parent, before, after)) = waiting.pop() {
        let mut entries: BTreeMap<Vec<u8>, [Option<(i32, Oid)>; 2]> = BTreeMap::new();
        for (side, tree) in [before, after].into_iter().enumerate() {
            let Some(tree) = tree else { continue };
            let tree = repository.find_tree(tree);
            for entry in &tree.map_err(|error| damaged(&parent, error))? {
                let sides = entries.entry(entry.name_bytes().to_vec()).or_default();
                sides[side] = Some((entry.filemode(), entry.id()));
            }
        }
        for (name, [before, after]) in entries {
            if before == after {
                continue;
            }
            let path = join(&parent, &names::printable_bytes(&name));
            let is_file =
                |side: Option<(i32, Oid)>| side.is_some_and(|(mode, _)| mode != DIRECTORY);
            count += usize::from((is_file(before) || is_file(after)) && !wanted(&path));
            // Below a name that is not used nobody has looked, so it could be deep without an end.
            let directory = |side: Option<(i32, Oid)>| {
                side.filter(|(mode, _)| *mode == DIRECTORY && names::usable(&name).is_some())
                    .map(|(_, id)| id)
            };
            let (before, after) = (directory(before), directory(after));
            if before != after {
                waiting.push((path, before, after));
            }
        }
    }
    Ok(count)
}

/// The same between a commit and the working tree.
pub(super) fn on_disk(
    located: &Located,
    before: &Tree<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<usize, Error> {
    let mut options = DiffOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .ignore_submodules(true)
        .ignore_filemode(true);
    if !located.prefix.is_empty() {
        options
            .disable_pathspec_match(true)
            .pathspec(&located.prefix);
    }
    let diff = located
        .repository
        .diff_tree_to_workdir_with_index(Some(before), Some(&mut options))
        .map_err(|error| damaged("", error))?;
    let paths = diff.deltas().filter_map(|delta| {
        let path = delta
            .new_file()
            .path()
            .or_else(|| delta.old_file().path())?;
        let path = path.strip_prefix(&located.prefix).ok()?;
        Some(names::printable(&path.to_string_lossy()))
    });
    Ok(paths.filter(|path| !wanted(path)).count())
}
