//! What is wrong with the declarations, and where: collected, sorted, shown all at once.
//!
//! A stage that finds a problem pushes a [`Diagnostic`] and goes on, so that one run shows everything.

mod merge;
mod render;

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use render::render;

/// How the repository itself is written where a file is wanted.
const ROOT: &str = ".";

/// A place in a file of the repository. Lines and columns count from one, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    #[serde(serialize_with = "text")]
    pub file: Arc<str>,
    pub line: usize,
    pub column: usize,
    /// How many characters of the line are meant; at least one.
    #[serde(skip)]
    pub length: usize,
}

impl Place {
    /// The start of a file, for what concerns it as a whole.
    pub fn file(file: &str) -> Self {
        Self {
            file: Arc::from(file),
            line: 1,
            column: 1,
            length: 1,
        }
    }

    /// What is no file and has no lines, such as a flag of the command line.
    pub fn outside(name: &str) -> Self {
        Self {
            file: Arc::from(name),
            line: 0,
            column: 0,
            length: 0,
        }
    }

    /// The repository as a whole.
    pub fn root() -> Self {
        Self::file(ROOT)
    }

    /// `file:line`, where a column would only be noise.
    pub fn line(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => formatter.write_str(&self.file),
            line => write!(formatter, "{}:{line}:{}", self.file, self.column),
        }
    }
}

fn text<S: serde::Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// One thing to know about the declarations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    pub place: Place,
    pub severity: Severity,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the source line may be shown; a line that may hold a secret is not.
    pub show_line: bool,
    /// The clusters for which it holds, where a group's file holds for some only.
    clusters: BTreeSet<String>,
}

impl Diagnostic {
    fn new(severity: Severity, place: &Place, message: impl Into<String>) -> Self {
        Self {
            place: place.clone(),
            severity,
            message: message.into(),
            hint: None,
            show_line: true,
            clusters: BTreeSet::new(),
        }
    }

    pub fn error(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, place, message)
    }

    pub fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place, message)
    }

    pub fn note(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, place, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it is about this cluster, as its file says or a stage that knew.
    fn speaks_of(&self, cluster: &str) -> bool {
        let below = self.place.file.strip_prefix("clusters/");
        let folder = below.and_then(|below| below.split('/').next());
        folder == Some(cluster) || self.clusters.contains(cluster)
    }

    #[must_use]
    pub fn without_line(mut self) -> Self {
        self.show_line = false;
        self
    }
}

/// The source texts that diagnostics point into, by path.
pub type Sources = BTreeMap<String, Arc<str>>;

/// All diagnostics of one run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Diagnostic::error(place, message));
    }

    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The first error that keeps this cluster from being understood, in the order of files and lines.
    pub fn first_error_of(&self, cluster: &str) -> Option<&Diagnostic> {
        let errors = self.0.iter();
        let errors = errors.filter(|it| it.severity == Severity::Error && it.speaks_of(cluster));
        errors.min()
    }

    /// Whether this file is one of those with errors.
    pub fn has_errors_in(&self, file: &str) -> bool {
        self.0.iter().any(|diagnostic| {
            diagnostic.severity == Severity::Error && *diagnostic.place.file == *file
        })
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.0
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files that these speak of.
    pub fn files(&self) -> BTreeSet<&str> {
        self.0
            .iter()
            .map(|diagnostic| diagnostic.place.file.as_ref())
            .collect()
    }

    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Says where the repository lies, where a problem is of it as a whole.
    pub fn name_root(&mut self, root: &str) {
        for diagnostic in &mut self.0 {
            if *diagnostic.place.file == *ROOT {
                diagnostic.place.file = Arc::from(root);
            }
        }
    }

    /// Says of which cluster these speak, where their files alone do not tell.
    pub fn about(&mut self, cluster: &str, speaks_of: impl Fn(&Place) -> bool) {
        for diagnostic in self
            .0
            .iter_mut()
            .filter(|diagnostic| speaks_of(&diagnostic.place))
        {
            diagnostic.clusters.insert(cluster.to_owned());
        }
    }

    /// In the order of files and lines, each once: what a group says wrong on two hundred clusters is said once.
    #[must_use]
    pub fn merged(self) -> Self {
        Self(merge::merge(self.0))
    }

    /// In the order of files and lines, the same once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort();
        all.dedup();
        all
    }
}
