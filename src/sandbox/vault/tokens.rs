//! The tokens that were handed out: who has one, until when, and which go with their parent.

use super::state::random_text;
use super::wrapping::Wrapped;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

#[derive(Clone)]
pub(super) struct Token {
    pub id: String,
    /// Empty for a batch token, which has none.
    pub accessor: String,
    /// The path of the namespace it was made in.
    pub namespace: String,
    pub policies: Vec<String>,
    pub meta: Option<BTreeMap<String, String>>,
    pub display_name: String,
    /// The request that made it, below its namespace: `auth/token/create`.
    pub path: String,
    pub parent: Option<String>,
    /// Whether it never had a parent: what an answer that renews it says.
    pub born_orphan: bool,
    pub created: Timestamp,
    /// Seconds, as it was made.
    pub creation_ttl: u64,
    /// Seconds, as it was last made or renewed.
    pub granted_ttl: u64,
    pub explicit_max_ttl: u64,
    pub period: u64,
    /// How often it may be used; 0 is without end.
    pub uses: u64,
    /// How often it may still be used; -1 when the last use is under way.
    pub uses_left: i64,
    pub batch: bool,
    pub expires: Option<Timestamp>,
    pub renewed: Option<Timestamp>,
    pub renewable: bool,
    pub entity_id: String,
    /// The role that it was made by: what it says of renewals counts, not what the token says.
    pub role: Option<String>,
    /// From where it may be used; from everywhere where there are none.
    pub bound_cidrs: Vec<String>,
    /// The answer that it was given in place of.
    pub wrapped: Option<Arc<Wrapped>>,
}

#[derive(Default)]
pub(super) struct Tokens {
    by_id: HashMap<String, Token>,
    by_accessor: BTreeMap<String, String>,
    children: HashMap<String, BTreeSet<String>>,
    /// When the next one may expire.
    next: Option<Timestamp>,
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("accessor", &self.accessor)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} tokens", self.by_id.len())
    }
}

impl Token {
    pub(super) fn is_root(&self) -> bool {
        self.policies.iter().any(|policy| policy == "root")
    }

    /// Seconds that are left; 0 without an end.
    pub(super) fn ttl(&self, now: Timestamp) -> u64 {
        let left = self.expires.map(|end| end.duration_since(now).as_secs());
        left.map_or(0, |left| u64::try_from(left).unwrap_or(0))
    }
}

impl Tokens {
    pub(super) fn add(&mut self, token: Token) {
        if let Some(end) = token.expires {
            self.next = Some(self.next.map_or(end, |next| next.min(end)));
        }
        if !token.accessor.is_empty() {
            self.by_accessor
                .insert(token.accessor.clone(), token.id.clone());
        }
        if let Some(parent) = &token.parent {
            let children = self.children.entry(parent.clone()).or_default();
            children.insert(token.id.clone());
        }
        self.by_id.insert(token.id.clone(), token);
    }

    pub(super) fn get(&self, id: &str) -> Option<&Token> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Token> {
        self.by_id.get_mut(id)
    }

    pub(super) fn of_accessor(&self, accessor: &str) -> Option<&Token> {
        self.get(self.by_accessor.get(accessor)?)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Token> {
        self.by_id.values()
    }

    /// The token goes, and those that it made go with it.
    pub(super) fn revoke(&mut self, id: &str) {
        let mut gone = vec![id.to_owned()];
        while let Some(id) = gone.pop() {
            self.take(&id);
            gone.extend(self.children.remove(&id).unwrap_or_default());
        }
    }

    /// The token goes; those that it made have no parent any more.
    pub(super) fn revoke_alone(&mut self, id: &str) {
        self.take(id);
        for child in self.children.remove(id).unwrap_or_default() {
            // A batch token is bound to its parent all the same.
            if self.get(&child).is_some_and(|child| child.batch) {
                self.take(&child);
            } else if let Some(child) = self.by_id.get_mut(&child) {
                child.parent = None;
            }
        }
    }

    pub(super) fn revoke_where(&mut self, goes: impl Fn(&Token) -> bool) {
        let gone: Vec<String> = self
            .all()
            .filter(|token| goes(token))
            .map(|token| token.id.clone())
            .collect();
        for id in gone {
            self.revoke(&id);
        }
    }

    /// Those whose time is over are gone.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.revoke_where(|token| token.expires.is_some_and(|end| end <= now));
        self.next = self.by_id.values().filter_map(|token| token.expires).min();
    }

    /// Gives it an end `ttl` seconds from now.
    pub(super) fn set_end(&mut self, id: &str, now: Timestamp, ttl: u64) {
        let end = after(now, ttl);
        if let Some(token) = self.by_id.get_mut(id) {
            token.expires = Some(end);
            token.granted_ttl = ttl;
            self.next = Some(self.next.map_or(end, |next| next.min(end)));
        }
    }

    fn take(&mut self, id: &str) {
        if let Some(token) = self.by_id.remove(id) {
            self.by_accessor.remove(&token.accessor);
            if let Some(children) = token
                .parent
                .and_then(|parent| self.children.get_mut(&parent))
            {
                children.remove(id);
            }
        }
    }
}

/// So many seconds later.
pub(super) fn after(time: Timestamp, seconds: u64) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    time.saturating_add(seconds).unwrap_or(Timestamp::MAX)
}

/// The text of a new token, with the ending that its namespace has.
pub(super) fn new_id(flavour: super::Flavour, batch: bool, namespace: Option<&str>) -> String {
    let prefix = match (flavour, batch) {
        (super::Flavour::OpenBao, false) => "s.",
        (super::Flavour::OpenBao, true) => "b.",
        (super::Flavour::HashiCorp, false) => "hvs.",
        (super::Flavour::HashiCorp, true) => "hvb.",
    };
    let length = match (flavour, batch) {
        (_, true) => 138,
        (super::Flavour::OpenBao, false) => 24,
        (super::Flavour::HashiCorp, false) => 90,
    };
    let random = random_text(length);
    match namespace {
        Some(id) => format!("{prefix}{random}.{id}"),
        None => format!("{prefix}{random}"),
    }
}
