//! One file by itself: what it says follows from its path and its text, and from no other file.
//!
//! So a file that did not change need not be read again, and files are read in any order.

use super::document::{self, OWN_API};
use super::group::Group;
use super::policy_file::{self, PolicyFile};
use super::rules::RuleFile;
use super::{
    APPROVALS, Approvals, CLUSTERS, ExternalSecret, GROUPS, POLICIES, RULES, Store, approval,
    has_ending, rules,
};
use crate::diagnostics::{Diagnostics, Place};
use crate::names::PolicyName;
use crate::yaml::{self, Node};
use std::fmt;
use std::sync::Arc;

/// Declarations for one cluster, of one file.
#[derive(Debug)]
pub struct Part {
    pub secrets: Vec<ExternalSecret>,
    pub stores: Vec<Store>,
    /// Whether all of the file was understood.
    pub complete: bool,
}

impl Part {
    fn empty(complete: bool) -> Self {
        Self {
            secrets: Vec::new(),
            stores: Vec::new(),
            complete,
        }
    }

    /// To be held: without room for more.
    fn held(mut self) -> Arc<Self> {
        self.secrets.shrink_to_fit();
        self.stores.shrink_to_fit();
        Arc::new(self)
    }

    fn place(&mut self, node: &Node, problems: &mut Diagnostics) {
        self.complete &= document::place(node, &mut self.secrets, &mut self.stores, problems);
    }
}

/// A file of the repository, as it was read.
pub(super) struct File {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) content: Content,
    pub(super) problems: Diagnostics,
}

impl fmt::Debug for File {
    /// The name only: someone may have committed a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("File")
            .field(&self.path)
            .finish_non_exhaustive()
    }
}

pub(super) enum Content {
    /// Read where it is needed, if anywhere: `fleet.yaml`, certificates, and files that lie in no folder.
    Text,
    Policy(Option<(PolicyName, Arc<PolicyFile>)>),
    Approvals(Approvals),
    Rules(RuleFile),
    Cluster(ClusterFile),
    Group(GroupFile),
}

/// A YAML file in the folder of a cluster.
pub(super) struct ClusterFile {
    /// The Cluster, which cannot be read without the fleet.
    pub(super) head: Option<Node>,
    /// Whether it is YAML to its end.
    pub(super) whole: bool,
    pub(super) part: Arc<Part>,
}

/// A YAML file in the folder of a group.
pub(super) struct GroupFile {
    pub(super) head: Option<Arc<Group>>,
    pub(super) whole: bool,
    pub(super) documents: Documents,
}

/// What a file of a group places on clusters.
pub(super) enum Documents {
    /// The same on each of them.
    Same(Arc<Copy>),
    /// With something to fill in.
    Open(Vec<Node>),
}

/// What a file of a group places on one cluster.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) part: Arc<Part>,
    /// What is wrong with its documents, by their number.
    pub(super) problems: Vec<(usize, Diagnostics)>,
}

impl File {
    pub(super) fn read(path: &str, text: &Arc<str>) -> Self {
        let mut problems = Diagnostics::default();
        Self {
            path: Arc::from(path),
            text: text.clone(),
            content: Content::read(path, text, &mut problems),
            problems,
        }
    }
}

impl Content {
    fn read(path: &str, text: &str, problems: &mut Diagnostics) -> Self {
        if path.starts_with(POLICIES) {
            return Self::Policy(policy_file::read(path, text, problems));
        }
        if !is_yaml(path) {
            return Self::Text;
        }
        if path.starts_with(APPROVALS) {
            return Self::Approvals(approval::read(path, text, problems));
        }
        if path.starts_with(RULES) {
            return Self::Rules(rules::read(path, text, problems));
        }
        let in_folder = |top| folder_of(path, top).filter(|(_, inner)| !inner.is_empty());
        if let Some((_, inner)) = in_folder(CLUSTERS) {
            let is_head = inner == "cluster.yaml";
            return Self::Cluster(ClusterFile::read(path, text, is_head, problems));
        }
        match in_folder(GROUPS) {
            Some((folder, inner)) => {
                let head_of = (inner == "group.yaml").then_some(folder);
                Self::Group(GroupFile::read(path, text, head_of, problems))
            }
            None => Self::Text,
        }
    }
}

impl ClusterFile {
    fn read(path: &str, text: &str, is_head: bool, problems: &mut Diagnostics) -> Self {
        let mut documents = yaml::parse(path, text, problems);
        let head = if is_head {
            take_head(&mut documents)
        } else {
            None
        };
        let mut part = Part::empty(documents.whole);
        for node in &documents.documents {
            part.place(node, problems);
        }
        Self {
            head,
            whole: documents.whole,
            part: part.held(),
        }
    }
}

impl GroupFile {
    /// `head_of` names the folder, where this is its `group.yaml`.
    fn read(path: &str, text: &str, head_of: Option<&str>, problems: &mut Diagnostics) -> Self {
        let mut documents = yaml::parse(path, text, problems);
        let head = head_of.and_then(|folder| {
            let node = take_head(&mut documents)?;
            let group = Group::read(&node, folder, problems);
            // A group that cannot be read may have been meant for any cluster.
            Some(Arc::new(
                group.unwrap_or_else(|| Group::unreadable(&Place::file(path))),
            ))
        });
        let whole = documents.whole;
        let documents = documents.documents;
        let documents = if documents.iter().any(Group::has_variables) {
            Documents::Open(documents)
        } else {
            Documents::Same(Arc::new(Copy::of(&documents, |node, _| Some(node.clone()))))
        };
        Self {
            head,
            whole,
            documents,
        }
    }
}

impl Copy {
    /// Places documents on a cluster; `fill` makes each one's copy, where it can.
    pub(super) fn of(
        documents: &[Node],
        fill: impl Fn(&Node, &mut Diagnostics) -> Option<Node>,
    ) -> Self {
        let mut part = Part::empty(true);
        let mut problems = Vec::new();
        for (number, node) in documents.iter().enumerate() {
            let mut of_document = Diagnostics::default();
            match fill(node, &mut of_document) {
                Some(copy) => part.place(&copy, &mut of_document),
                None => part.complete = false,
            }
            if !of_document.is_empty() {
                problems.push((number, of_document));
            }
        }
        Self {
            part: part.held(),
            problems,
        }
    }
}

/// Takes the head of a folder out of the documents of its file. After a document that cannot be read, the next one is no
/// head.
fn take_head(file: &mut yaml::Documents) -> Option<Node> {
    let first = file.documents.first()?;
    let begins = first.get("apiVersion").and_then(Node::scalar) == Some(OWN_API);
    (file.whole || begins).then(|| file.documents.remove(0))
}

/// The folder below `clusters/` or `groups/` that a path belongs to, and the rest: nothing for the folder itself.
pub(super) fn folder_of<'path>(path: &'path str, top: &str) -> Option<(&'path str, &'path str)> {
    let below = path.strip_prefix(top)?;
    Some(below.split_once('/').unwrap_or((below, "")))
}

pub(super) fn is_yaml(path: &str) -> bool {
    has_ending(path, &["yaml", "yml"])
}
