//! From files to declarations: what the repository says, before any of it is put together.
//!
//! Takes texts, not a disk, and gives what it understood together with everything that is wrong. A file that cannot be
//! read makes its scope incomplete: its cluster, or every cluster for a group. Nothing is deleted in an incomplete scope.

mod approval;
mod cluster;
mod document;
mod eso;
mod external_secret;
mod file;
mod fleet;
mod group;
mod kes;
mod operation;
mod place_groups;
mod policy_file;
mod rules;
mod selector;
mod store;
mod tree;

use crate::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use crate::names::{ClusterName, PolicyName};
use crate::spread::{InTurn, Spread};
use file::File;
use place_groups::Placed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tree::{Folder, Home, Tree};

pub use approval::{Approvals, Approved};
pub use cluster::{Access, CaSource, Cluster, ClusterSpec, Connect, Credential, Grant, Reviewer};
pub(crate) use cluster::{certificate_pem, parse_duration};
pub(crate) use document::is_own_kind;
pub use external_secret::{Destination, Dialect, Entry, ExternalSecret, Login, Remote};
pub use file::Part;
pub(crate) use fleet::vault_address;
pub use fleet::{DeleteLimit, Fleet, KvMount, VaultSpec};
pub use group::Group;
pub use operation::{Mode, OperationSpec, Suspend, Suspended};
pub use policy_file::PolicyFile;
pub use rules::{Pattern, Rule, Rules, StorePattern, Subject, Unmatched};
pub use selector::Selector;
pub use store::{Store, StoreKind, StoreRef};

/// Everything that the repository declares.
#[derive(Debug)]
pub struct Declarations {
    pub fleet: Arc<Fleet>,
    pub clusters: BTreeMap<ClusterName, Arc<Declared>>,
    pub policies: BTreeMap<PolicyName, Arc<PolicyFile>>,
    /// Held changes that were released, by their id.
    pub approvals: Approvals,
    /// What declarations may reference.
    pub rules: Arc<Rules>,
    /// Folders below `clusters/` whose `cluster.yaml` cannot be used: their objects in Vault must not look abandoned.
    pub broken_clusters: BTreeSet<String>,
    /// Whether every file below `policies/` was read.
    pub policies_complete: bool,
    /// Whether it is certain which clusters there are, by name.
    pub clusters_certain: bool,
    /// Whether all of these can be used, too.
    pub clusters_complete: bool,
    /// What it was put together of, for the next revision.
    files: Files,
    homes: BTreeMap<String, Arc<Home>>,
}

/// Every file of the repository, by its path.
type Files = BTreeMap<String, Arc<File>>;

/// A cluster with the declarations that reach it, its own and its groups'.
#[derive(Debug)]
pub struct Declared {
    pub cluster: Arc<Cluster>,
    pub complete: bool,
    home: Arc<Home>,
    placed: Vec<Placed>,
}

impl Declared {
    /// Its declarations by file: its own, then those of its groups.
    fn parts(&self) -> impl Iterator<Item = &Part> {
        let own = self.home.parts.iter();
        own.chain(self.placed.iter().map(|placed| &placed.copy.part))
            .map(AsRef::as_ref)
    }

    pub fn secrets(&self) -> impl Iterator<Item = &ExternalSecret> {
        self.parts().flat_map(|part| &part.secrets)
    }

    pub fn stores(&self) -> impl Iterator<Item = &Store> {
        self.parts().flat_map(|part| &part.stores)
    }

    /// A file that this cluster refers to, such as its CA, by its path below the cluster's folder: the text, or why there is
    /// none.
    pub fn file(&self, path: &str) -> Option<Result<&str, &str>> {
        let found = self.home.files.get(path)?;
        Some(found.as_deref().map_err(String::as_str))
    }
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
        // What holds text, or should, is a file; anything else may be a folder or a link as well.
        let subject = if what.starts_with("holds ") {
            "this file"
        } else {
            "this path"
        };
        let said = format!("{subject} {what}");
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
const APPROVALS: &str = "approvals/";
const RULES: &str = "rules/";
const TOP_FOLDERS: [&str; 5] = [CLUSTERS, GROUPS, POLICIES, APPROVALS, RULES];

/// Reads every file, collecting all problems.
pub fn load(
    sources: &Sources,
    unreadable: &[Unreadable],
    problems: &mut Diagnostics,
) -> Declarations {
    reload(sources, unreadable, None, &InTurn, problems)
}

/// The same, after another revision: what did not change is taken from there, which makes no difference but in time.
pub fn reload(
    sources: &Sources,
    unreadable: &[Unreadable],
    before: Option<&Declarations>,
    spread: &impl Spread,
    problems: &mut Diagnostics,
) -> Declarations {
    for path in unreadable {
        path.report(problems);
    }
    let files = read_files(sources, before, spread);
    let fleet = read_fleet(&files, unreadable, before, problems);
    let (policies, policies_complete) = policy_file::load(&files, unreadable, problems);
    let approvals = approval::load(&files, problems);
    let rules = rules::load(&files, unreadable, &fleet, problems);
    let tree = Tree {
        files: &files,
        unreadable,
    };
    let groups = tree.groups(problems);
    let homes_certain = tree.check_strays(CLUSTERS, "cluster.yaml", problems);
    let folders: Vec<_> = tree.folders(CLUSTERS).into_iter().collect();
    let old = before.filter(|before| Arc::ptr_eq(&before.fleet, &fleet));
    let homes = spread.map(&folders, |(name, folder)| home(name, folder, &fleet, old));
    for home in &homes {
        problems.append(home.problems.clone());
    }
    let all_hidden = tops_hidden(unreadable);
    let clusters = place_groups::declared(&homes, &groups, !all_hidden, before, spread);
    let homes: BTreeMap<String, Arc<Home>> = folders
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .zip(homes)
        .collect();
    let broken = homes.iter().filter(|(_, home)| home.cluster.is_none());
    let broken_clusters: BTreeSet<String> = broken.map(|(name, _)| name.clone()).collect();
    let all_known = homes_certain && broken_clusters.is_empty();
    place_groups::report(&groups, &clusters, all_known, problems);
    if all_known {
        rules.report(
            clusters.values().map(|declared| &*declared.cluster),
            problems,
        );
    }
    Declarations {
        fleet,
        clusters,
        policies,
        approvals,
        rules: Arc::new(rules),
        broken_clusters,
        policies_complete: policies_complete && !all_hidden,
        clusters_certain: homes_certain && !all_hidden,
        clusters_complete: all_known && !all_hidden,
        homes,
        files,
    }
}

fn read_files(sources: &Sources, before: Option<&Declarations>, spread: &impl Spread) -> Files {
    let sources: Vec<_> = sources.iter().collect();
    let same = |text: &Arc<str>, file: &File| Arc::ptr_eq(text, &file.text) || *text == file.text;
    let read = spread.map(&sources, |(path, text)| {
        let known = before.and_then(|before| before.files.get(*path));
        match known.filter(|file| same(text, file)) {
            Some(file) => file.clone(),
            None => Arc::new(File::read(path, text)),
        }
    });
    let paths = sources.into_iter().map(|(path, _)| path.clone());
    paths.zip(read).collect()
}

fn read_fleet(
    files: &Files,
    unreadable: &[Unreadable],
    before: Option<&Declarations>,
    problems: &mut Diagnostics,
) -> Arc<Fleet> {
    let mut fleet = fleet::load(files, unreadable, problems);
    if files.is_empty() && unreadable.is_empty() {
        // The wrong folder, or a lost one: seen from here, everything that is there would look abandoned.
        let wrong = "nothing is declared here: there is no clusters/ folder with a cluster in it";
        let problem = Diagnostic::error(&Place::root(), wrong);
        let hint = "name the repository's folder, or cd into it; `keyfleet sandbox` makes one to play with";
        problems.push(problem.hint(hint).without_line());
        fleet.whole = false;
    }
    let text = |files: &Files| files.get(FLEET_FILE).map(Arc::as_ptr);
    match before {
        Some(before) if text(&before.files) == text(files) && before.fleet.whole == fleet.whole => {
            before.fleet.clone()
        }
        _ => Arc::new(fleet),
    }
}

/// The folder of a cluster, as it was if nothing in it changed and the fleet did not.
fn home(
    name: &str,
    folder: &Folder<'_>,
    fleet: &Fleet,
    before: Option<&Declarations>,
) -> Arc<Home> {
    let known = before.and_then(|before| before.homes.get(name));
    match known.filter(|home| home.is_of(folder)) {
        Some(home) => home.clone(),
        None => Arc::new(Home::of(name, folder, fleet)),
    }
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
