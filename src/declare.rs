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
mod tree;

use crate::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use crate::names::{ClusterName, PolicyName};
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};
use tree::{Folder, Tree};

pub use cluster::{Access, CaSource, Cluster, ClusterSpec, Connect, Credential, Grant, Reviewer};
pub(crate) use cluster::{certificate_pem, parse_duration};
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
    /// Files that this cluster refers to, such as its CA, by their path below its folder: the text, or why there is none.
    pub files: BTreeMap<String, Result<String, String>>,
    pub complete: bool,
}

/// A path that could not be taken out of the repository, and why. It may be a folder, and hide all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub path: String,
    /// Begins with a verb, and says after `; ` what to do.
    pub why: String,
}

impl Unreadable {
    /// Whether a declaration may be hidden here: in YAML, or in a folder, which has any name but that of another file.
    fn hides(&self) -> bool {
        !has_ending(&self.path, OTHER_FILES)
    }

    fn report(&self, problems: &mut Diagnostics) {
        let place = Place::file(&self.path);
        let (what, hint) = self.why.split_once("; ").unwrap_or((&self.why, ""));
        let said = format!("this path {what}");
        let problem = if self.hides() || self.path.starts_with(POLICIES) {
            Diagnostic::error(&place, said)
        } else {
            Diagnostic::warning(&place, said)
        };
        let problem = problem.without_line();
        problems.push(if hint.is_empty() {
            problem
        } else {
            problem.hint(hint)
        });
    }
}

/// Endings of what is neither a declaration nor a folder.
const OTHER_FILES: &[&str] = &["crt", "pem", "hcl", "md", "txt", "json", "sh"];

/// Which files of a repository are declarations.
pub fn is_wanted(path: &str) -> bool {
    FLEET_FILES.contains(&path)
        || TOP_FOLDERS.iter().any(|folder| path.starts_with(folder))
            && has_ending(path, &["yaml", "yml", "hcl", "crt", "pem"])
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    endings
        .iter()
        .any(|wanted| ending.eq_ignore_ascii_case(wanted))
}

/// Whether a problem at this path can hide a declaration: something below may be missing, or a folder above.
pub fn concerns(path: &str) -> bool {
    let below = |top: &&str| path.starts_with(*top) || path == top.trim_end_matches('/');
    path == FLEET_FILE || TOP_FOLDERS.iter().any(below)
}

const FLEET_FILE: &str = "fleet.yaml";
/// The second is never read, but must not be passed over in silence.
const FLEET_FILES: [&str; 2] = [FLEET_FILE, "fleet.yml"];
const CLUSTERS: &str = "clusters/";
const GROUPS: &str = "groups/";
const POLICIES: &str = "policies/";
const TOP_FOLDERS: [&str; 3] = [CLUSTERS, GROUPS, POLICIES];

/// Reads every file, collecting all problems.
pub fn load(
    sources: &Sources,
    unreadable: &[Unreadable],
    problems: &mut Diagnostics,
) -> Declarations {
    for path in unreadable {
        path.report(problems);
    }
    let mut fleet = fleet::load(sources, unreadable, problems);
    if sources.is_empty() && unreadable.is_empty() {
        // The wrong folder, or a lost one: seen from here, everything that is there would look abandoned.
        let problem = Diagnostic::error(&Place::file(FLEET_FILE), "nothing is declared here");
        let hint = "name a repository with fleet.yaml and clusters/, such as examples/repo-layout";
        problems.push(problem.hint(hint).without_line());
        fleet.whole = false;
    }
    let (policies, policies_complete) = policy_file::load(sources, unreadable, problems);
    let mut tree = Tree {
        sources,
        unreadable,
        problems,
    };
    let groups = tree.groups();
    let mut declarations = tree.clusters(fleet);
    declarations.policies = policies;
    declarations.policies_complete = policies_complete;
    place_groups(&groups, &mut declarations, problems);
    if tops_hidden(unreadable) {
        hide_everything(&mut declarations);
    }
    declarations
}

/// Whether a whole top folder cannot be read: then it is not known what any cluster should hold.
fn tops_hidden(unreadable: &[Unreadable]) -> bool {
    let is_top = |path: &str| {
        TOP_FOLDERS
            .iter()
            .any(|top| top.trim_end_matches('/') == path)
    };
    unreadable.iter().any(|unread| is_top(&unread.path))
}

fn hide_everything(declarations: &mut Declarations) {
    declarations.clusters_complete = false;
    declarations.policies_complete = false;
    for declared in declarations.clusters.values_mut() {
        declared.complete = false;
    }
}

/// Gives each selected cluster its copy of a group's declarations.
fn place_groups(
    groups: &[(Group, Folder)],
    declarations: &mut Declarations,
    problems: &mut Diagnostics,
) {
    let all_known = declarations.clusters_complete;
    for (group, folder) in groups {
        let clusters = declarations.clusters.values_mut();
        let selected = clusters.filter(|declared| group.selects(&declared.cluster));
        let mut selected: Vec<_> = selected.collect();
        for declared in &mut selected {
            declared.complete &= folder.complete && group.readable;
        }
        if selected.is_empty() && group.readable && all_known {
            problems.push(
                Diagnostic::warning(&group.place, "this group selects no cluster")
                    .hint("compare clusterSelector with the labels of the clusters"),
            );
        }
        for node in folder.nodes().iter().filter(|_| group.readable) {
            let said = selected.iter_mut().map(|declared| {
                let mut of_copy = Diagnostics::default();
                place_copy(group, node, declared, &mut of_copy);
                (declared.cluster.name.clone(), of_copy)
            });
            report_copies(said.collect(), problems);
        }
    }
}

fn place_copy(group: &Group, node: &Node, declared: &mut Declared, problems: &mut Diagnostics) {
    let copy = group.substitute(node, &declared.cluster, problems);
    declared.complete &= copy.is_some_and(|node| {
        document::place(&node, &mut declared.secrets, &mut declared.stores, problems)
    });
}

/// What is wrong with every copy alike is a matter of the group; else it is said of which clusters it holds.
fn report_copies(mut said: Vec<(ClusterName, Diagnostics)>, problems: &mut Diagnostics) {
    let alike = said.windows(2).all(|pair| pair[0].1 == pair[1].1);
    if alike {
        said.truncate(1);
    }
    for (cluster, mut of_copy) in said {
        if !alike {
            of_copy.about(cluster.as_str(), |_| true);
        }
        problems.append(of_copy);
    }
}
