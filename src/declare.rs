//! From files to declarations: what the repository says, before any of it is put together.
//!
//! Takes texts, not a disk, and gives what it understood together with everything that is wrong. A file that cannot be
//! read makes its scope incomplete: its cluster, or every cluster for a group. Nothing is deleted in an incomplete scope.

mod cluster;
mod document;
mod eso;
mod external_secret;
mod fleet;
mod group;
mod kes;
mod policy_file;
mod store;

use crate::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use crate::names::{ClusterName, PolicyName};
use crate::yaml::{self, Documents};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use cluster::parse_duration;
pub use cluster::{Access, CaSource, Cluster, ClusterSpec, Connect, Credential, Grant, Reviewer};
pub use external_secret::{Destination, Dialect, Entry, ExternalSecret, Login, Remote};
pub use fleet::{DeleteLimit, Fleet, KvMount, VaultSpec};
pub use group::Group;
pub use policy_file::PolicyFile;
pub use store::{Store, StoreKind, StoreRef};

/// Everything that the repository declares.
#[derive(Debug)]
pub struct Declarations {
    pub fleet: Fleet,
    pub clusters: BTreeMap<ClusterName, Declared>,
    pub policies: BTreeMap<PolicyName, PolicyFile>,
    /// Folders below `clusters/` whose `cluster.yaml` cannot be used: their objects in Vault must not look abandoned.
    pub broken_clusters: BTreeSet<String>,
    /// Whether every file below `policies/` was read.
    pub policies_complete: bool,
    /// Whether it is certain which clusters there are.
    pub clusters_complete: bool,
}

/// A cluster with the declarations that reach it, its own and its groups'.
#[derive(Debug)]
pub struct Declared {
    pub cluster: Cluster,
    pub secrets: Vec<ExternalSecret>,
    pub stores: Vec<Store>,
    /// Files that this cluster refers to, such as its CA, by their path below its folder.
    pub files: BTreeMap<String, String>,
    pub complete: bool,
}

/// A file that could not be taken out of the repository at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub path: String,
    pub why: String,
}

/// Which files of a repository are declarations.
pub fn is_wanted(path: &str) -> bool {
    path == FLEET_FILE
        || [CLUSTERS, GROUPS, POLICIES]
            .iter()
            .any(|folder| path.starts_with(folder))
            && has_ending(path, &["yaml", "yml", "hcl", "crt", "pem"])
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    endings
        .iter()
        .any(|wanted| ending.eq_ignore_ascii_case(wanted))
}

/// Whether a problem at this path can hide a declaration: something below may be missing, or a folder above.
pub fn concerns(path: &str) -> bool {
    let is_above =
        |top: &str| top.starts_with(&format!("{path}/")) || path == top.trim_end_matches('/');
    path == FLEET_FILE
        || [CLUSTERS, GROUPS, POLICIES]
            .iter()
            .any(|top| path.starts_with(top) || is_above(top))
}

pub(crate) const FLEET_FILE: &str = "fleet.yaml";
const CLUSTERS: &str = "clusters/";
const GROUPS: &str = "groups/";
const POLICIES: &str = "policies/";

/// Reads every file, collecting all problems.
pub fn load(
    sources: &Sources,
    unreadable: &[Unreadable],
    problems: &mut Diagnostics,
) -> Declarations {
    for file in unreadable {
        problems.push(Diagnostic::error(&Place::file(&file.path), file.why.clone()).without_line());
    }
    let fleet = fleet::load(sources.get(FLEET_FILE).map(String::as_str), problems);
    let (policies, policies_complete) = policy_file::load(sources, unreadable, problems);
    let mut tree = Tree {
        sources,
        unreadable,
        problems,
    };
    let groups = tree.groups(&fleet);
    let mut declarations = tree.clusters(fleet);
    declarations.policies = policies;
    declarations.policies_complete = policies_complete;
    place_groups(&groups, &mut declarations, problems);
    declarations
}

fn is_yaml(path: &str) -> bool {
    has_ending(path, &["yaml", "yml"])
}

/// The folder below `clusters/` or `groups/` that an unreadable path belongs to, or that it is itself: a link or a
/// submodule in its place.
fn unreadable_folder_of<'path>(path: &'path str, top: &str) -> Option<&'path str> {
    let below = path.strip_prefix(top)?;
    Some(below.split_once('/').map_or(below, |(folder, _)| folder))
}

/// Whether all of a top folder may be hidden: it, or what it lies in, could not be read.
fn is_hidden(unreadable: &[Unreadable], top: &str) -> bool {
    unreadable
        .iter()
        .any(|file| top.starts_with(&format!("{}/", file.path)))
}

/// The folder below `clusters/` or `groups/` that a path belongs to, and the rest.
fn folder_of<'path>(path: &'path str, top: &str) -> Option<(&'path str, &'path str)> {
    path.strip_prefix(top)?.split_once('/')
}

struct Tree<'a> {
    sources: &'a Sources,
    unreadable: &'a [Unreadable],
    problems: &'a mut Diagnostics,
}

/// What one folder below `clusters/` or `groups/` holds.
struct Folder {
    head: Option<yaml::Node>,
    documents: Vec<Documents>,
    files: BTreeMap<String, String>,
    complete: bool,
}

impl Tree<'_> {
    fn folders(&self, top: &str) -> BTreeSet<String> {
        let unreadable = self.unreadable.iter();
        let unreadable = unreadable.filter_map(|file| unreadable_folder_of(&file.path, top));
        let paths = self.sources.keys();
        let readable = paths.filter_map(|path| folder_of(path, top).map(|(folder, _)| folder));
        readable.chain(unreadable).map(str::to_owned).collect()
    }

    fn folder(&mut self, top: &str, name: &str, head_file: &str) -> Folder {
        let is_here = |path: &str| folder_of(path, top).is_some_and(|(folder, _)| folder == name);
        // Whatever its name: a link may stand for a whole folder of declarations.
        let complete = !self
            .unreadable
            .iter()
            .any(|file| unreadable_folder_of(&file.path, top) == Some(name));
        let mut folder = Folder {
            head: None,
            documents: Vec::new(),
            files: BTreeMap::new(),
            complete,
        };
        for (path, text) in self.sources.iter().filter(|(path, _)| is_here(path)) {
            let inner = folder_of(path, top).map_or("", |(_, inner)| inner);
            if !is_yaml(path) {
                folder.files.insert(inner.to_owned(), text.clone());
                continue;
            }
            let mut documents = yaml::parse(path, text, self.problems);
            folder.complete &= documents.whole;
            if inner == head_file {
                folder.head =
                    (!documents.documents.is_empty()).then(|| documents.documents.remove(0));
            }
            folder.documents.push(documents);
        }
        folder
    }

    fn groups(&mut self, fleet: &Fleet) -> Vec<(Group, Folder)> {
        let mut groups = Vec::new();
        for name in self.folders(GROUPS) {
            let folder = self.folder(GROUPS, &name, "group.yaml");
            let place = Place::file(&format!("{GROUPS}{name}/group.yaml"));
            let group = match &folder.head {
                Some(head) => Group::read(head, &name, self.problems),
                None => self.missing_head(&place, "group", folder.complete),
            };
            // A group that cannot be read may have been meant for any cluster.
            groups.push((
                group.unwrap_or_else(|| Group::unreadable(&name, &place)),
                folder,
            ));
        }
        if is_hidden(self.unreadable, GROUPS) {
            let place = Place::file(GROUPS.trim_end_matches('/'));
            let folder = Folder {
                head: None,
                documents: Vec::new(),
                files: BTreeMap::new(),
                complete: false,
            };
            groups.push((Group::unreadable(GROUPS, &place), folder));
        }
        tracing::debug!(installation = %fleet.installation, groups = groups.len(), "groups read");
        groups
    }

    fn clusters(&mut self, fleet: Fleet) -> Declarations {
        let mut clusters = BTreeMap::new();
        let mut broken_clusters = BTreeSet::new();
        for name in self.folders(CLUSTERS) {
            let folder = self.folder(CLUSTERS, &name, "cluster.yaml");
            let place = Place::file(&format!("{CLUSTERS}{name}/cluster.yaml"));
            let cluster = match &folder.head {
                Some(head) => Cluster::read(head, &name, &fleet, self.problems),
                None => self.missing_head(&place, "cluster", folder.complete),
            };
            let Some(cluster) = cluster else {
                broken_clusters.insert(name);
                continue;
            };
            let mut declared = Declared {
                cluster,
                secrets: Vec::new(),
                stores: Vec::new(),
                files: folder.files,
                complete: folder.complete,
            };
            for node in folder
                .documents
                .iter()
                .flat_map(|documents| &documents.documents)
            {
                declared.complete &= document::place(
                    node,
                    &mut declared.secrets,
                    &mut declared.stores,
                    self.problems,
                );
            }
            clusters.insert(declared.cluster.name.clone(), declared);
        }
        let clusters_complete = broken_clusters.is_empty() && !is_hidden(self.unreadable, CLUSTERS);
        Declarations {
            fleet,
            clusters,
            policies: BTreeMap::new(),
            broken_clusters,
            policies_complete: true,
            clusters_complete,
        }
    }

    fn missing_head<T>(&mut self, place: &Place, what: &str, complete: bool) -> Option<T> {
        if complete {
            let problem = Diagnostic::error(
                place,
                format!("this folder has no {what}.yaml, so nothing in it is used"),
            );
            self.problems.push(problem.hint(format!(
                "add {} with `kind: {}`",
                place.file,
                if what == "group" { "Group" } else { "Cluster" }
            )));
        }
        None
    }
}

/// Gives each selected cluster its copy of a group's declarations.
fn place_groups(
    groups: &[(Group, Folder)],
    declarations: &mut Declarations,
    problems: &mut Diagnostics,
) {
    for (group, folder) in groups {
        let selected = declarations
            .clusters
            .values_mut()
            .filter(|declared| group.selects(&declared.cluster));
        let mut reached = false;
        for declared in selected {
            reached = true;
            declared.complete &= folder.complete && group.readable;
            if !group.readable {
                continue;
            }
            for node in folder
                .documents
                .iter()
                .flat_map(|documents| &documents.documents)
            {
                let Some(node) = group.substitute(node, &declared.cluster, problems) else {
                    declared.complete = false;
                    continue;
                };
                declared.complete &=
                    document::place(&node, &mut declared.secrets, &mut declared.stores, problems);
            }
        }
        if !reached && group.readable {
            problems.push(
                Diagnostic::warning(&group.place, "this group selects no cluster")
                    .hint("compare clusterSelector with the labels of the clusters"),
            );
        }
    }
}
