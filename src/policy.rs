//! The policy language of Vault and `OpenBao`: what a text means, what it grants, how two differ.
//!
//! [`Policy::parse`] takes what the servers take, HCL 1 and JSON, and keeps only the meaning: two
//! policies are equal when they say the same of the same paths, however they are written. [`Acl`]
//! answers what several policies grant on a path as the server would. [`render`] writes a policy that keyfleet
//! derived, [`difference`] says what changed and [`effects`] what that grants, and [`widens`], [`grants_beyond`] and
//! [`dangerous_patterns`] are for guards.
//!
//! Everything here is pure: no server, no clock, no disk. Absent on purpose: filling in identity
//! templates, which only the server can do; running the templates that filter lists; and the
//! check of a request's parameters against a rule's constraints, which are kept but not applied.

mod acl;
mod capability;
mod control_group;
mod difference;
mod effect;
mod error;
mod fields;
mod json;
mod lexer;
mod parser;
mod path;
mod probe;
mod quoted;
mod render;
mod rule;
mod stanza;
mod syntax;
#[cfg(test)]
mod tests;
mod time;
mod value;
mod widening;

pub use acl::{Access, Acl};
pub use capability::{Capability, CapabilitySet};
pub use difference::{PathDifference, difference};
pub use effect::{Decision, Effect, effects};
pub use error::{ParseError, ParseErrors, Position};
pub use path::{PathPattern, PatternError};
pub use render::render;
pub use rule::{Constraints, ControlGroup, Factor, Grant, Rule};
pub use time::Ttl;
pub use value::{Value, Values};
pub use widening::{Danger, Widening, dangerous_patterns, grants_beyond, widens};

use jiff::Timestamp;

/// The longest text that is read, in bytes. No policy comes near it.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// Whose policy language: the two know some words that the other refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `scan`, `expiration`, `pagination_limit`, `list_scan_response_keys_filter_path`.
    OpenBao,
    /// `subscribe`, `recover`, `subscribe_event_types`.
    Vault,
}

/// What a policy means: at most one rule for each pattern and time of expiry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// In the order of their patterns and times.
    rules: Vec<Rule>,
    root: bool,
}

impl Policy {
    /// Reads a policy, with the words of either server.
    pub fn parse(text: &str) -> Result<Self, ParseErrors> {
        parse(text, None)
    }

    /// Reads a policy as one server does, which refuses the words of the other.
    pub fn parse_for(dialect: Dialect, text: &str) -> Result<Self, ParseErrors> {
        parse(text, Some(dialect))
    }

    /// The policy named `root`, which has no text and grants everything.
    pub fn root() -> Self {
        Self {
            rules: Vec::new(),
            root: true,
        }
    }

    /// Whether this is [`Policy::root`].
    pub fn is_root(&self) -> bool {
        self.root
    }

    /// The rules, in the order of their patterns.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The policy without the rules that have expired by `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        self.retain(|rule| rule.expires.is_none_or(|time| now <= time))
    }

    /// The policy as it is for a token without an entity, where rules with templates in their
    /// paths do not exist.
    #[must_use]
    pub fn without_templates(&self) -> Self {
        self.retain(|rule| !rule.pattern.is_templated())
    }

    fn rule(&self, pattern: &PathPattern, expires: Option<Timestamp>) -> Option<&Rule> {
        let place = self
            .rules
            .binary_search_by(|rule| rule.key().cmp(&(pattern, expires)));
        place.ok().map(|place| &self.rules[place])
    }

    fn retain(&self, keep: impl Fn(&Rule) -> bool) -> Self {
        Self {
            root: self.root,
            ..self.rules().filter(|rule| keep(rule)).cloned().collect()
        }
    }
}

/// Rules for the same pattern are merged, in the order given.
impl FromIterator<Rule> for Policy {
    fn from_iter<I: IntoIterator<Item = Rule>>(given: I) -> Self {
        let mut rules: Vec<Rule> = given.into_iter().collect();
        // Stable: what is for the same pattern stays in the order given.
        rules.sort_by(|left, right| left.key().cmp(&right.key()));
        rules.dedup_by(|later, first| {
            let same = later.key() == first.key();
            if same {
                first.grant.merge(&later.grant);
            }
            same
        });
        rules.shrink_to_fit();
        Self { rules, root: false }
    }
}

fn parse(text: &str, dialect: Option<Dialect>) -> Result<Policy, ParseErrors> {
    let start = Position { line: 1, column: 1 };
    if text.len() > MAX_POLICY_BYTES {
        let message = format!("the text is longer than {MAX_POLICY_BYTES} bytes");
        return Err(ParseError::new(start, message).into());
    }
    if text.is_empty() {
        // The server takes no empty text, but one that is empty but for a comment.
        return Err(ParseError::new(start, "the text is empty")
            .hint("write a comment for a policy that grants nothing")
            .into());
    }
    let items = if text.trim_start().starts_with('{') {
        json::parse(text)?
    } else {
        parser::parse(&text.replace("\r\n", "\n"))?
    };
    let rules = stanza::read(&items, dialect).map_err(ParseErrors::new)?;
    Ok(rules.into_iter().collect())
}
