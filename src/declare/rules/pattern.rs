//! A pattern of a rule: Vault's own language of paths, with `${…}` for what differs between clusters and namespaces.
//!
//! What is filled in is checked to be a plain word, so that no label of a cluster becomes a wildcard or another segment.

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{ClusterName, Namespace, RoleName};
use crate::policy::PathPattern;
use crate::yaml::{Node, nearest};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// No path and no name is as long.
const LONGEST: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub place: Place,
    text: Arc<str>,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Namespace,
    ClusterName,
    ClusterRole,
    Label(String),
}

/// What a pattern stands for, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Namespace,
    Path,
    Role,
    Store,
}

/// The cluster of which a pattern speaks.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub cluster: &'a ClusterName,
    pub labels: &'a BTreeMap<String, String>,
    /// The cluster's own role.
    pub role: &'a RoleName,
}

/// Why a pattern matches nothing in a cluster: the label of this name cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    pub label: String,
    /// Whether the cluster has it, but not as one plain word.
    pub is_there: bool,
}

impl Pattern {
    pub(super) fn read(node: &Node, grammar: Grammar, problems: &mut Diagnostics) -> Option<Self> {
        let text = node.text("a pattern", problems)?;
        let mut wrong = |(said, hint): (String, &str)| {
            problems.push(Diagnostic::error(&node.place, said).hint(hint));
        };
        let pieces = pieces(text, grammar).map_err(&mut wrong).ok()?;
        // With some word in place of each variable.
        let sample: String = pieces.iter().map(Piece::sample).collect();
        grammar.check(&sample).map_err(wrong).ok()?;
        if let Some((said, hint)) = grammar.doubt(text, &sample) {
            problems.push(Diagnostic::warning(&node.place, said).hint(hint));
        }
        Some(Self {
            place: node.place.clone(),
            text: Arc::from(text),
            pieces,
        })
    }

    /// What it matches in this cluster, for declarations of this namespace; `None` where that is nothing.
    pub fn fill(&self, subject: Subject<'_>, namespace: &Namespace) -> Option<PathPattern> {
        let mut text = String::new();
        for piece in &self.pieces {
            text.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Variable(variable) => variable.value(subject, namespace)?,
            });
        }
        PathPattern::parse(&text).ok()
    }

    /// With a word of its own in place of each variable: what then holds of two patterns holds of them whatever is filled in.
    pub fn sketch(&self, namespace: Option<&str>) -> Option<PathPattern> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Variable(variable) => text.push_str(&variable.word(namespace)),
            }
        }
        PathPattern::parse(&text).ok()
    }

    /// The one name that it matches, where that is known.
    pub fn only_name(&self) -> Option<&str> {
        let pieces = self.pieces.iter();
        let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
        (pieces.into_iter().all(is_text) && !self.text.ends_with('*')).then_some(&*self.text)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The labels of this cluster that cannot be filled in.
    pub fn unfilled(&self, subject: Subject<'_>) -> impl Iterator<Item = Unfilled> {
        let pieces = self.pieces.iter();
        pieces.filter_map(move |piece| match piece {
            Piece::Variable(Variable::Label(label)) => label_of(subject, label).err(),
            Piece::Variable(_) | Piece::Text(_) => None,
        })
    }
}

/// As it is written.
impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Piece {
    fn sample(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Variable(_) => "x",
        }
    }
}

impl Variable {
    fn parse(name: &str, grammar: Grammar) -> Option<Self> {
        match name {
            // In `namespaces` it would be any namespace at all.
            "namespace" if grammar != Grammar::Namespace => Some(Self::Namespace),
            "cluster.name" => Some(Self::ClusterName),
            "cluster.role" => Some(Self::ClusterRole),
            _ => {
                let label = name.strip_prefix("cluster.labels.")?;
                (!label.is_empty()).then(|| Self::Label(label.to_owned()))
            }
        }
    }

    /// No name holds such a letter.
    fn word(&self, namespace: Option<&str>) -> String {
        match (self, namespace) {
            (Self::Namespace, Some(namespace)) => namespace.to_owned(),
            (Self::Namespace, None) => "\u{1}namespace".to_owned(),
            (Self::ClusterName, _) => "\u{1}name".to_owned(),
            (Self::ClusterRole, _) => "\u{1}role".to_owned(),
            (Self::Label(label), _) => format!("\u{1}label-{}\u{1}", label.replace('/', "\u{1}")),
        }
    }

    fn value<'a>(&self, subject: Subject<'a>, namespace: &'a Namespace) -> Option<&'a str> {
        match self {
            Self::Namespace => Some(namespace.as_str()),
            Self::ClusterName => Some(subject.cluster.as_str()),
            Self::ClusterRole => Some(subject.role.as_str()),
            Self::Label(label) => label_of(subject, label).ok(),
        }
    }
}

fn label_of<'a>(subject: Subject<'a>, label: &str) -> Result<&'a str, Unfilled> {
    let value = subject.labels.get(label);
    value
        .map(String::as_str)
        .filter(|value| is_word(value))
        .ok_or_else(|| Unfilled {
            label: label.to_owned(),
            is_there: value.is_some(),
        })
}

/// As Kubernetes wants the value of a label: neither `*`, `+` nor `..`, and no slash.
fn is_word(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && text
            .chars()
            .all(|letter| is_plain(letter) || "-_.".contains(letter))
}

type Wrong = (String, &'static str);

fn pieces(text: &str, grammar: Grammar) -> Result<Vec<Piece>, Wrong> {
    if text.len() > LONGEST {
        let said = format!("this pattern is longer than {LONGEST} letters");
        return Err((said, "no path and no name is as long"));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.push(Piece::Text(before.to_owned()));
        let Some((name, after)) = after.split_once('}') else {
            return Err((format!("`${{{after}` is not closed"), "close it with `}`"));
        };
        let variable = Variable::parse(name, grammar);
        let variable = variable.ok_or_else(|| unknown(name, grammar))?;
        pieces.push(Piece::Variable(variable));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    Ok(pieces)
}

fn unknown(name: &str, grammar: Grammar) -> Wrong {
    let said = format!("`${{{name}}}` is not known here");
    let known = [
        "namespace",
        "cluster.name",
        "cluster.role",
        "cluster.labels",
    ];
    let hint = match nearest(name, known.into_iter()) {
        _ if grammar == Grammar::Namespace => "use ${cluster.name} or ${cluster.labels.KEY}",
        Some("namespace") => "did you mean `${namespace}`?",
        Some("cluster.name") => "did you mean `${cluster.name}`?",
        Some("cluster.role") => "did you mean `${cluster.role}`?",
        _ => "use ${namespace}, ${cluster.name}, ${cluster.role} or ${cluster.labels.KEY}",
    };
    (said, hint)
}

impl Grammar {
    /// A pattern that no path or name can match is a slip of the pen.
    fn check(self, sample: &str) -> Result<(), Wrong> {
        if sample.strip_suffix('*').unwrap_or(sample).contains('*') {
            let hint = match self {
                Self::Path => "a `*` may only stand at the end; write `+` for one whole segment",
                Self::Namespace | Self::Role | Self::Store => "a `*` may only stand at the end",
            };
            return Err(("a `*` within a pattern stands for nothing".to_owned(), hint));
        }
        match self {
            Self::Path => check_path(sample),
            Self::Namespace | Self::Role | Self::Store => check_name(sample),
        }
    }

    /// What is likely to match more than its author thinks.
    fn doubt(self, text: &str, sample: &str) -> Option<Wrong> {
        let is_letter = |text: &str| text.ends_with(|letter: char| letter.is_alphanumeric());
        if sample.strip_suffix('*').is_some_and(is_letter) {
            let stem = text.trim_end_matches('*');
            return Some((
                format!("`{text}` also matches every longer name: `{stem}-x`, `{stem}x`"),
                match self {
                    Self::Path => {
                        "write `/*` for what lies below it; a second entry without `*` allows the path itself"
                    }
                    Self::Namespace | Self::Role | Self::Store => {
                        "write `-*`, and the name itself as a second entry"
                    }
                },
            ));
        }
        let segments = sample.split('/');
        let is_mixed = |segment: &str| segment.contains('+') && segment != "+";
        if self == Self::Path && segments.into_iter().any(is_mixed) {
            let said = "a `+` beside other letters stands for itself".to_owned();
            return Some((said, "`+` is a wildcard only as a whole segment"));
        }
        None
    }
}

fn check_path(sample: &str) -> Result<(), Wrong> {
    if sample.starts_with('/') || sample.starts_with("v1/") {
        let said = "a path begins with its mount".to_owned();
        return Err((
            said,
            "write it without a leading `/` or /v1/, such as kv/data/shop/*",
        ));
    }
    if sample.contains(['{', '}']) {
        let said = "a template of Vault is not filled in here".to_owned();
        return Err((
            said,
            "use ${namespace}, ${cluster.name} or ${cluster.labels.KEY}",
        ));
    }
    if let Err(error) = PathPattern::parse(sample) {
        return Err((
            format!("this is no path of a policy: {error}"),
            "write `+/*`, or `*` alone",
        ));
    }
    let never = |segment: &str| {
        segment.is_empty()
            || segment == "."
            || segment == ".."
            || segment.trim() != segment
            || segment
                .chars()
                .any(|letter| letter.is_control() || "\"\\?#%".contains(letter))
    };
    let whole = sample.strip_suffix('*').map_or(sample, |head| {
        head.rsplit_once('/').map_or("*", |(whole, _)| whole)
    });
    if whole.split('/').any(never) {
        let said = "no path in Vault is like this, so it allows nothing".to_owned();
        return Err((
            said,
            "write segments with single `/` between them; what lies below a path is PATH/*",
        ));
    }
    Ok(())
}

fn check_name(sample: &str) -> Result<(), Wrong> {
    let name = sample.strip_suffix('*').unwrap_or(sample);
    let is_known = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter)
    };
    if sample.is_empty() || !name.chars().all(is_known) {
        let said = format!("{sample:?} is no name, and no beginning of one with `*` after it");
        return Err((
            said,
            "use lower-case letters, digits, `-`, `_` and `.`, and `*` at the end only",
        ));
    }
    Ok(())
}
