//! The folders below `clusters/` and `groups/`: one for each cluster and group, with its own file at the head.

use super::document::{self, OWN_API};
use super::{
    CLUSTERS, Cluster, Declarations, Declared, Fleet, GROUPS, Group, Unreadable, has_ending,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use crate::yaml::{self, Documents, Node};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Tree<'a> {
    pub(super) sources: &'a Sources,
    pub(super) unreadable: &'a [Unreadable],
    pub(super) problems: &'a mut Diagnostics,
}

/// What one folder below `clusters/` or `groups/` holds.
pub(super) struct Folder {
    head: Option<Node>,
    documents: Vec<Node>,
    files: BTreeMap<String, Result<String, String>>,
    pub(super) complete: bool,
}

impl Folder {
    pub(super) fn nodes(&self) -> &[Node] {
        &self.documents
    }

    /// Takes the documents of one file; the head is the first of its own.
    fn take(&mut self, documents: Documents, is_head_file: bool) {
        let whole = documents.whole;
        self.complete &= whole;
        let mut documents = documents.documents;
        let begins = |node: &Node| node.get("apiVersion").and_then(Node::scalar) == Some(OWN_API);
        // After a document that cannot be read, the next one is no head.
        if is_head_file
            && documents
                .first()
                .is_some_and(|first| whole || begins(first))
        {
            self.head = Some(documents.remove(0));
        }
        self.documents.append(&mut documents);
    }
}

/// The folder below `clusters/` or `groups/` that a path belongs to, and the rest: nothing for the folder itself.
fn folder_of<'path>(path: &'path str, top: &str) -> Option<(&'path str, &'path str)> {
    let below = path.strip_prefix(top)?;
    Some(below.split_once('/').unwrap_or((below, "")))
}

fn is_yaml(path: &str) -> bool {
    has_ending(path, &["yaml", "yml"])
}

impl Tree<'_> {
    fn folders(&self, top: &str) -> BTreeSet<String> {
        let unreadable = self.unreadable.iter().filter(|unread| unread.hides());
        let unreadable = unreadable.filter_map(|unread| folder_of(&unread.path, top));
        let readable = self.sources.keys().filter_map(|path| folder_of(path, top));
        readable
            .filter(|(_, inner)| !inner.is_empty())
            .chain(unreadable)
            .map(|(folder, _)| folder.to_owned())
            .collect()
    }

    /// Files that lie in no folder are nobody's; false when one of them may be a declaration.
    fn check_strays(&mut self, top: &str, head_file: &str) -> bool {
        let strays: Vec<_> = self
            .sources
            .keys()
            .filter(|path| folder_of(path, top).is_some_and(|(_, inner)| inner.is_empty()))
            .filter(|path| is_yaml(path))
            .collect();
        for path in &strays {
            let problem = Diagnostic::error(
                &Place::file(path),
                format!("this file lies in no folder of its own below {top}"),
            );
            self.problems.push(
                problem
                    .hint(format!("move it to {top}NAME/{head_file}, or beside that"))
                    .without_line(),
            );
        }
        strays.is_empty()
    }

    fn folder(&mut self, top: &str, name: &str, head_file: &str) -> Folder {
        let inner_of = |path: &str| match folder_of(path, top) {
            Some((folder, inner)) if folder == name => Some(inner.to_owned()),
            _ => None,
        };
        let mut folder = Folder {
            head: None,
            documents: Vec::new(),
            files: BTreeMap::new(),
            complete: true,
        };
        for unread in self.unreadable {
            let Some(inner) = inner_of(&unread.path) else {
                continue;
            };
            folder.complete &= !unread.hides();
            folder.files.insert(inner, Err(unread.why.clone()));
        }
        for (path, text) in self.sources {
            let Some(inner) = inner_of(path).filter(|inner| !inner.is_empty()) else {
                continue;
            };
            if is_yaml(path) {
                let documents = yaml::parse(path, text, self.problems);
                folder.take(documents, inner == head_file);
            } else {
                folder.files.insert(inner, Ok(text.clone()));
            }
        }
        folder
    }

    pub(super) fn groups(&mut self) -> Vec<(Group, Folder)> {
        let mut groups = Vec::new();
        let certain = self.check_strays(GROUPS, "group.yaml");
        for name in self.folders(GROUPS) {
            let folder = self.folder(GROUPS, &name, "group.yaml");
            let place = Place::file(&format!("{GROUPS}{name}/group.yaml"));
            let group = match &folder.head {
                Some(head) => Group::read(head, &name, self.problems),
                None => self.missing_head(&place, "Group", folder.complete),
            };
            // A group that cannot be read may have been meant for any cluster.
            let group = group.unwrap_or_else(|| Group::unreadable(&place));
            groups.push((group, folder));
        }
        if !certain {
            let nothing = Folder {
                head: None,
                documents: Vec::new(),
                files: BTreeMap::new(),
                complete: false,
            };
            groups.push((Group::unreadable(&Place::file(GROUPS)), nothing));
        }
        groups
    }

    pub(super) fn clusters(&mut self, fleet: Fleet) -> Declarations {
        let mut clusters = BTreeMap::new();
        let mut broken_clusters = BTreeSet::new();
        let certain = self.check_strays(CLUSTERS, "cluster.yaml");
        for name in self.folders(CLUSTERS) {
            match self.cluster(&name, &fleet) {
                Some(declared) => drop(clusters.insert(declared.cluster.name.clone(), declared)),
                None => drop(broken_clusters.insert(name)),
            }
        }
        Declarations {
            fleet,
            clusters,
            policies: BTreeMap::new(),
            clusters_complete: certain && broken_clusters.is_empty(),
            broken_clusters,
            policies_complete: true,
        }
    }

    /// One cluster with its own declarations. They are read, too, where its head is of no use: every problem is shown.
    fn cluster(&mut self, name: &str, fleet: &Fleet) -> Option<Declared> {
        let folder = self.folder(CLUSTERS, name, "cluster.yaml");
        let place = Place::file(&format!("{CLUSTERS}{name}/cluster.yaml"));
        let cluster = match &folder.head {
            Some(head) => Cluster::read(head, name, fleet, self.problems),
            None => self.missing_head(&place, "Cluster", folder.complete),
        };
        let (mut secrets, mut stores) = (Vec::new(), Vec::new());
        let mut complete = folder.complete;
        for node in folder.nodes() {
            complete &= document::place(node, &mut secrets, &mut stores, self.problems);
        }
        Some(Declared {
            cluster: cluster?,
            secrets,
            stores,
            files: folder.files,
            complete,
        })
    }

    fn missing_head<T>(&mut self, place: &Place, kind: &str, complete: bool) -> Option<T> {
        // An unreadable file was reported already, and may be the one that is missing.
        if complete {
            let file = place.file.rsplit('/').next().unwrap_or_default();
            let wrong = if self.sources.contains_key(place.file.as_ref()) {
                format!("this {file} is empty, so nothing in its folder is used")
            } else {
                format!("this folder has no {file}, so nothing in it is used")
            };
            let problem = Diagnostic::error(place, wrong).without_line();
            self.problems.push(problem.hint(format!(
                "{} begins with `apiVersion: {OWN_API}` and `kind: {kind}`",
                place.file
            )));
        }
        None
    }
}
