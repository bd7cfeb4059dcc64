//! A finding as it is kept and sent: names and words only, none longer than a reader needs.

use super::finding::{Difference, Finding, Standing};
use crate::diagnostics::Place;
use crate::mark::digest;
use crate::plan::{self, Cause, Edited, FieldChange, Kind, Reason, Scope};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many fields are kept of one finding; the rest is counted.
const MOST_FIELDS: usize = 12;
/// How many reasons are kept for which a change is held.
const MOST_REASONS: usize = 8;
/// How many characters are kept of a text. Names are shorter; a list of subjects or a path may not be.
const LONGEST_TEXT: usize = 300;

/// Where an object lives, or which pass looks at it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Where {
    Vault(String),
    Cluster(String),
}

impl From<&Scope> for Where {
    fn from(scope: &Scope) -> Self {
        match scope {
            Scope::Vault(name) => Self::Vault(name.to_string()),
            Scope::Cluster(name) => Self::Cluster(name.to_string()),
        }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault(name) => write!(formatter, "vault {name}"),
            Self::Cluster(name) => write!(formatter, "cluster {name}"),
        }
    }
}

/// One object, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    #[serde(flatten)]
    pub place: Where,
    /// `None` for what is said of a Vault or a cluster as a whole.
    pub kind: Option<Kind>,
    pub name: String,
}

impl Object {
    /// `policy prod-eu-kv-rw`.
    pub fn words(&self) -> String {
        match self.kind {
            Some(kind) => format!("{} {}", kind.word(), self.name),
            None => self.name.clone(),
        }
    }
}

/// In which way it is not as declared. With the object, this is what one finding is: an object that is edited twice
/// before it is put back is one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    Differs,
    Missing,
    /// It is there, ours, and nobody declares it any more.
    Undeclared,
    Waiting,
    Blocked,
    Unread,
    /// Something to know that keyfleet would not change.
    Note,
}

/// What a reader makes of it: the parts of a report, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Changed by hand.
    Drift,
    /// By git or by a hand: nothing records which.
    Unclear,
    /// No write of keyfleet can help.
    Blocked,
    /// It could not be read.
    Unread,
    /// Git asks for it.
    Pending,
    /// Vault holds a newer value.
    Rotation,
    Note,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// A line of a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    pub file: String,
    pub line: usize,
}

impl From<&Place> for Line {
    fn from(place: &Place) -> Self {
        Self {
            file: short(&place.file),
            line: place.line,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A change that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What `--approve` names.
    pub id: String,
    pub why: Vec<String>,
}

/// One thing that is not as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    #[serde(flatten)]
    pub object: Object,
    pub what: What,
    /// Who moved, where it is a change.
    pub cause: Option<Cause>,
    pub summary: String,
    pub fields: Vec<FieldChange>,
    /// How many fields differ beside those that are listed.
    pub more_fields: usize,
    pub held: Option<Held>,
    pub hint: Option<String>,
    /// The status of the answer that blocks it, or that came in place of the object.
    pub status: Option<u16>,
    pub place: Option<Line>,
}

impl Item {
    pub fn of(finding: &Finding) -> Self {
        let mut item = Self::bare(finding);
        match &finding.standing {
            Standing::ToChange(difference) => item.differs(difference),
            Standing::Held {
                difference,
                why,
                id,
            } => {
                item.differs(difference);
                let why = why.iter().take(MOST_REASONS);
                item.held = Some(Held {
                    id: id.clone(),
                    why: why.map(|concern| short(&concern.to_string())).collect(),
                });
            }
            Standing::Waiting { summary, why } => {
                item.what = What::Waiting;
                item.summary = short(&format!("{summary}: {why}"));
            }
            Standing::Blocked { why, hint, status } => {
                item.what = What::Blocked;
                item.summary = short(why);
                item.hint = hint.as_deref().map(short);
                item.status = *status;
            }
            Standing::Unread(failure) => {
                item.what = What::Unread;
                item.summary = short(&failure.to_string());
                item.hint = failure.hint.as_deref().map(short);
                item.status = failure.status;
            }
        }
        item
    }

    /// Of something to know that is nobody's change. A Secret that was edited and cannot be looked into is drift all the same.
    pub fn of_note(note: &plan::Finding) -> Self {
        let mut item = Self {
            object: Object {
                place: Where::from(&note.scope),
                kind: None,
                name: String::new(),
            },
            what: What::Note,
            cause: None,
            summary: short(&note.text),
            fields: Vec::new(),
            more_fields: 0,
            held: None,
            hint: note.hint.as_deref().map(short),
            status: None,
            place: note.place.as_ref().map(Line::from),
        };
        if let Some(edited) = &note.edited {
            item.was_edited(edited);
        }
        item
    }

    fn was_edited(&mut self, edited: &Edited) {
        self.object.kind = Some(edited.target.kind);
        self.object.name = short(&edited.target.name);
        self.what = What::Differs;
        self.cause = Some(edited.cause.clone());
        self.summary.clear();
        self.more_fields = edited.parts.len().saturating_sub(MOST_FIELDS);
        let parts = edited.parts.iter().take(MOST_FIELDS);
        let changed = parts.map(|part| FieldChange {
            field: short(&format!("{part} changed")),
            before: None,
            after: None,
        });
        self.fields = changed.collect();
    }

    fn bare(finding: &Finding) -> Self {
        let fields = finding.fields.iter().take(MOST_FIELDS);
        Self {
            object: Object {
                place: Where::from(&finding.target.scope),
                kind: Some(finding.target.kind),
                name: short(&finding.target.name),
            },
            what: What::Differs,
            cause: None,
            summary: String::new(),
            fields: fields.map(short_field).collect(),
            more_fields: finding.fields.len().saturating_sub(MOST_FIELDS),
            held: None,
            hint: None,
            status: None,
            place: finding.place.as_ref().map(Line::from),
        }
    }

    fn differs(&mut self, difference: &Difference) {
        self.what = match difference.reason {
            Reason::Missing => What::Missing,
            Reason::Differs => What::Differs,
            Reason::NoLongerDeclared => What::Undeclared,
        };
        self.cause = Some(difference.cause.clone());
        self.summary = short(&difference.summary);
    }

    /// Names this finding over passes and reports.
    pub fn key(&self) -> String {
        let Object { place, kind, name } = &self.object;
        // Of what is only said, the words are all there is.
        let said = match self.what {
            What::Note => &self.summary,
            _ => "",
        };
        digest(&format!("{place}|{kind:?}|{name}|{:?}|{said}", self.what))
    }

    pub fn class(&self) -> Class {
        match (self.what, &self.cause) {
            (What::Note, _) => Class::Note,
            (What::Unread, _) => Class::Unread,
            (What::Blocked, _) => Class::Blocked,
            (_, Some(Cause::Drift { .. })) => Class::Drift,
            (_, Some(Cause::Rotation { .. })) => Class::Rotation,
            (What::Differs, Some(Cause::Unrecorded) | None) => Class::Unclear,
            _ => Class::Pending,
        }
    }

    pub fn severity(&self) -> Severity {
        let decides_who_reads = matches!(
            self.object.kind,
            Some(Kind::AuthMount | Kind::AuthConfig | Kind::Policy | Kind::Role | Kind::Binding)
        );
        match self.class() {
            Class::Drift if decides_who_reads => Severity::Error,
            Class::Unread => Severity::Error,
            Class::Drift | Class::Unclear | Class::Blocked => Severity::Warning,
            Class::Pending if self.held.is_some() => Severity::Warning,
            Class::Pending | Class::Rotation | Class::Note => Severity::Note,
        }
    }

    /// Who changed it by hand, where the server tells.
    pub fn by(&self) -> Option<&str> {
        match &self.cause {
            Some(Cause::Drift { by, .. }) => by.as_deref(),
            _ => None,
        }
    }
}

fn short_field(field: &FieldChange) -> FieldChange {
    FieldChange {
        field: short(&field.field),
        before: field.before.as_deref().map(short),
        after: field.after.as_deref().map(short),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
