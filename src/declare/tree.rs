//! The folders below `clusters/` and `groups/`: one for each cluster and group, with its own file at the head.

use super::document::OWN_API;
use super::file::{Content, File, Part, folder_of, is_yaml};
use super::{CLUSTERS, Cluster, Files, Fleet, GROUPS, Group, Unreadable};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct Tree<'a> {
    pub(super) files: &'a Files,
    pub(super) unreadable: &'a [Unreadable],
}

/// What one folder below `clusters/` or `groups/` holds.
#[derive(Default)]
pub(super) struct Folder<'a> {
    files: Vec<&'a Arc<File>>,
    unreadable: Vec<&'a Unreadable>,
}

/// A group with its files.
pub(super) struct GroupFolder<'a> {
    pub(super) group: Arc<Group>,
    pub(super) files: Vec<&'a Arc<File>>,
    pub(super) complete: bool,
}

/// The folder of a cluster put together, and what of.
#[derive(Debug)]
pub(super) struct Home {
    from: Vec<Arc<File>>,
    unreadable: Vec<Unreadable>,
    /// `None` where `cluster.yaml` cannot be used.
    pub(super) cluster: Option<Arc<Cluster>>,
    pub(super) parts: Vec<Arc<Part>>,
    /// What is no YAML, by its path below the folder: the text, or why there is none.
    pub(super) files: BTreeMap<String, Result<Arc<str>, String>>,
    pub(super) complete: bool,
    pub(super) problems: Diagnostics,
}

impl<'a> Tree<'a> {
    pub(super) fn folders(&self, top: &str) -> BTreeMap<&'a str, Folder<'a>> {
        let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
        for (path, file) in below(self.files, top) {
            match folder_of(path, top) {
                Some((_, "")) | None => {}
                Some((folder, _)) => folders.entry(folder).or_default().files.push(file),
            }
        }
        let (hiding, others): (Vec<_>, Vec<_>) =
            self.unreadable.iter().partition(|unread| unread.hides());
        for unread in hiding {
            if let Some((folder, _)) = folder_of(&unread.path, top) {
                folders.entry(folder).or_default().unreadable.push(unread);
            }
        }
        for unread in others {
            let folder = folder_of(&unread.path, top);
            if let Some(folder) = folder.and_then(|(folder, _)| folders.get_mut(folder)) {
                folder.unreadable.push(unread);
            }
        }
        folders
    }

    /// Files that lie in no folder are nobody's; false when one of them may be a declaration.
    pub(super) fn check_strays(
        &self,
        top: &str,
        head_file: &str,
        problems: &mut Diagnostics,
    ) -> bool {
        let mut none = true;
        for (path, _) in below(self.files, top) {
            let is_stray = folder_of(path, top).is_some_and(|(_, inner)| inner.is_empty());
            if !is_stray || !is_yaml(path) {
                continue;
            }
            none = false;
            let problem = Diagnostic::error(
                &Place::file(path),
                format!("this file lies in no folder of its own below {top}"),
            );
            problems.push(
                problem
                    .hint(format!("move it to {top}NAME/{head_file}, or beside that"))
                    .without_line(),
            );
        }
        none
    }

    pub(super) fn groups(&self, problems: &mut Diagnostics) -> Vec<GroupFolder<'a>> {
        let certain = self.check_strays(GROUPS, "group.yaml", problems);
        let folders = self.folders(GROUPS).into_iter();
        let mut groups: Vec<_> = folders
            .map(|(name, folder)| GroupFolder::of(name, folder, problems))
            .collect();
        if !certain {
            groups.push(GroupFolder {
                group: Arc::new(Group::unreadable(&Place::file(GROUPS))),
                files: Vec::new(),
                complete: false,
            });
        }
        groups
    }
}

/// The files whose path begins so.
fn below<'a>(files: &'a Files, top: &str) -> impl Iterator<Item = (&'a str, &'a Arc<File>)> {
    files
        .range(top.to_owned()..)
        .map(|(path, file)| (path.as_str(), file))
        .take_while(move |(path, _)| path.starts_with(top))
}

impl<'a> GroupFolder<'a> {
    fn of(name: &str, folder: Folder<'a>, problems: &mut Diagnostics) -> Self {
        let mut complete = !folder.unreadable.iter().any(|unread| unread.hides());
        let mut head = None;
        for file in &folder.files {
            problems.append(file.problems.clone());
            if let Content::Group(group) = &file.content {
                complete &= group.whole;
                head = head.or_else(|| group.head.clone());
            }
        }
        let path = format!("{GROUPS}{name}/group.yaml");
        let group = head.unwrap_or_else(|| {
            missing_head(&path, "Group", &folder.files, complete, problems);
            Arc::new(Group::unreadable(&Place::file(&path)))
        });
        Self {
            group,
            files: folder.files,
            complete,
        }
    }
}

impl Home {
    /// Whether it was put together of the same.
    pub(super) fn is_of(&self, folder: &Folder<'_>) -> bool {
        let same = |(left, right): (&Arc<File>, &&Arc<File>)| Arc::ptr_eq(left, right);
        self.from.len() == folder.files.len()
            && self.from.iter().zip(&folder.files).all(same)
            && self.unreadable.iter().eq(folder.unreadable.iter().copied())
    }

    /// Its declarations are read, too, where the head is of no use: every problem is shown.
    pub(super) fn of(name: &str, folder: &Folder<'_>, fleet: &Fleet) -> Self {
        let mut problems = Diagnostics::default();
        let (mut files, mut parts, mut head) = (BTreeMap::new(), Vec::new(), None);
        let top = format!("{CLUSTERS}{name}/");
        let inner = |path: &str| path.strip_prefix(&top).unwrap_or_default().to_owned();
        for unread in &folder.unreadable {
            files.insert(inner(&unread.path), Err(unread.why.clone()));
        }
        let mut whole = !folder.unreadable.iter().any(|unread| unread.hides());
        for file in &folder.files {
            problems.append(file.problems.clone());
            if let Content::Cluster(read) = &file.content {
                whole &= read.whole;
                head = head.or(read.head.as_ref());
                parts.push(read.part.clone());
            } else {
                files.insert(inner(&file.path), Ok(file.text.clone()));
            }
        }
        if head.is_none() {
            let path = format!("{top}cluster.yaml");
            missing_head(&path, "Cluster", &folder.files, whole, &mut problems);
        }
        let cluster = head.and_then(|head| Cluster::read(head, name, fleet, &mut problems));
        Self {
            from: folder.files.iter().copied().cloned().collect(),
            unreadable: folder.unreadable.iter().copied().cloned().collect(),
            cluster: cluster.map(Arc::new),
            complete: whole && parts.iter().all(|part| part.complete),
            parts,
            files,
            problems,
        }
    }
}

fn missing_head(
    path: &str,
    kind: &str,
    files: &[&Arc<File>],
    whole: bool,
    problems: &mut Diagnostics,
) {
    // An unreadable file was reported already, and may be the one that is missing.
    if !whole {
        return;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let wrong = if files.iter().any(|file| *file.path == *path) {
        format!("this {name} is empty, so nothing in its folder is used")
    } else {
        format!("this folder has no {name}, so nothing in it is used")
    };
    let problem = Diagnostic::error(&Place::file(path), wrong).without_line();
    problems.push(problem.hint(format!(
        "{path} begins with `apiVersion: {OWN_API}` and `kind: {kind}`"
    )));
}
