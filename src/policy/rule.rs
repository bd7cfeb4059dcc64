//! One rule: a pattern, when it ends, and what it grants; and how two rules for the same pattern
//! become one.
//!
//! The server merges the stanzas of one policy and the policies of one token by the same rules, so
//! a policy is kept merged. Who granted what is not kept.

use super::capability::CapabilitySet;
use super::path::PathPattern;
use super::time::Ttl;
use super::value::{Value, Values, quote, write_list};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// What nearly every rule has: no constraint at all, held once.
static UNCONSTRAINED: LazyLock<Arc<Constraints>> = LazyLock::new(Arc::default);

/// What a policy says of one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The paths it is about.
    pub pattern: PathPattern,
    /// When it ceases to exist (`OpenBao`'s `expiration`).
    pub expires: Option<Timestamp>,
    /// What it grants.
    pub grant: Grant,
}

/// What a rule grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Nothing, and nothing that is merged into it changes that.
    Deny,
    /// The capabilities, which may be none, under the constraints.
    Allow(CapabilitySet, Arc<Constraints>),
}

/// What a request must also fulfil, and what is done with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Constraints {
    /// Only these parameters, with these values. Names are in lower case; empty means all.
    pub allowed_parameters: BTreeMap<String, Values>,
    /// Not these parameters with these values.
    pub denied_parameters: BTreeMap<String, Values>,
    /// These parameters must be there.
    pub required_parameters: BTreeSet<String>,
    /// The answer must be wrapped for at least so long.
    pub min_wrapping_ttl: Option<Ttl>,
    /// The answer must be wrapped for at most so long.
    pub max_wrapping_ttl: Option<Ttl>,
    /// Names of MFA methods to pass.
    pub mfa_methods: BTreeSet<String>,
    /// Who must approve.
    pub control_group: Option<ControlGroup>,
    /// The longest page of a list (`OpenBao`).
    pub pagination_limit: Option<u64>,
    /// The template that decides which names of a list are shown (`OpenBao`).
    pub list_scan_response_keys_filter_path: Option<String>,
    /// The kinds of events (Vault).
    pub subscribe_event_types: BTreeSet<String>,
}

/// Who must approve a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ControlGroup {
    /// For how long a request may wait.
    pub ttl: Ttl,
    /// Whether one may approve one's own request (`OpenBao`).
    pub self_auth_allowed: bool,
    /// All of them must be fulfilled.
    pub factors: Vec<Factor>,
}

/// One condition of a control group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// The operations it is for; empty means all.
    pub controlled_capabilities: BTreeSet<String>,
    /// Members of these groups may approve.
    pub group_names: BTreeSet<String>,
    /// Members of these groups may approve (Vault).
    pub group_ids: BTreeSet<String>,
    /// How many must.
    pub approvals: i64,
}

impl Rule {
    /// What a policy has at most one rule for.
    pub(super) fn key(&self) -> (&PathPattern, Option<Timestamp>) {
        (&self.pattern, self.expires)
    }
}

impl Grant {
    /// Only capabilities.
    pub fn of(capabilities: impl IntoIterator<Item = super::Capability>) -> Self {
        Self::Allow(capabilities.into_iter().collect(), UNCONSTRAINED.clone())
    }

    /// What is granted; for `deny`, nothing.
    pub fn capabilities(&self) -> CapabilitySet {
        match self {
            Self::Deny => CapabilitySet::EMPTY,
            Self::Allow(capabilities, _) => *capabilities,
        }
    }

    /// Merges a later stanza for the same pattern into this one.
    pub(super) fn merge(&mut self, later: &Self) {
        match (&mut *self, later) {
            (Self::Deny, _) => {}
            (_, Self::Deny) => *self = Self::Deny,
            (Self::Allow(mine, constraints), Self::Allow(theirs, more)) => {
                *mine = mine.union(*theirs);
                if **more != Constraints::default() {
                    Arc::make_mut(constraints).merge(more);
                }
            }
        }
    }
}

impl Constraints {
    /// Parameters and methods add up, the smallest limit wins, and of what cannot be merged the
    /// first stays.
    fn merge(&mut self, later: &Self) {
        merge_parameters(&mut self.allowed_parameters, &later.allowed_parameters);
        merge_parameters(&mut self.denied_parameters, &later.denied_parameters);
        self.required_parameters
            .extend(later.required_parameters.iter().cloned());
        self.mfa_methods.extend(later.mfa_methods.iter().cloned());
        self.subscribe_event_types
            .extend(later.subscribe_event_types.iter().cloned());
        self.min_wrapping_ttl = smallest(self.min_wrapping_ttl, later.min_wrapping_ttl);
        self.max_wrapping_ttl = smallest(self.max_wrapping_ttl, later.max_wrapping_ttl);
        self.pagination_limit = smallest(self.pagination_limit, later.pagination_limit);
        if self.list_scan_response_keys_filter_path.is_none() {
            self.list_scan_response_keys_filter_path
                .clone_from(&later.list_scan_response_keys_filter_path);
        }
    }

    /// Whether everything that `other` lets through is let through by this too. `false` when it
    /// cannot be shown.
    pub(super) fn at_least_as_loose_as(&self, other: &Self) -> bool {
        fn unset_or<T: PartialEq>(mine: Option<&T>, theirs: Option<&T>) -> bool {
            mine.is_none() || mine == theirs
        }
        let limit = |mine: Option<u64>, theirs: Option<u64>| {
            mine.is_none_or(|mine| theirs.is_some_and(|theirs| theirs <= mine))
        };
        (self.allowed_parameters.is_empty() || self.allowed_parameters == other.allowed_parameters)
            && self
                .denied_parameters
                .iter()
                .all(|(name, values)| other.denied_parameters.get(name) == Some(values))
            && self
                .required_parameters
                .is_subset(&other.required_parameters)
            && self.mfa_methods.is_subset(&other.mfa_methods)
            && unset_or(
                self.min_wrapping_ttl.as_ref(),
                other.min_wrapping_ttl.as_ref(),
            )
            && unset_or(
                self.max_wrapping_ttl.as_ref(),
                other.max_wrapping_ttl.as_ref(),
            )
            && unset_or(self.control_group.as_ref(), other.control_group.as_ref())
            && limit(self.pagination_limit, other.pagination_limit)
            && unset_or(
                self.list_scan_response_keys_filter_path.as_ref(),
                other.list_scan_response_keys_filter_path.as_ref(),
            )
            && self
                .subscribe_event_types
                .is_superset(&other.subscribe_event_types)
    }

    /// The attributes as HCL, in a stable order.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        let parameters = |map: &BTreeMap<String, Values>| {
            let pairs = map
                .iter()
                .map(|(key, values)| format!("{} = {values}", quote(key)));
            (!map.is_empty()).then(|| format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", ")))
        };
        let names = |set: &BTreeSet<String>| (!set.is_empty()).then(|| list(set));
        let ttl = |ttl: Option<Ttl>| ttl.map(|ttl| quote(&ttl.to_string()));
        let filter = self.list_scan_response_keys_filter_path.as_deref();
        [
            ("allowed_parameters", parameters(&self.allowed_parameters)),
            ("denied_parameters", parameters(&self.denied_parameters)),
            ("required_parameters", names(&self.required_parameters)),
            ("min_wrapping_ttl", ttl(self.min_wrapping_ttl)),
            ("max_wrapping_ttl", ttl(self.max_wrapping_ttl)),
            ("mfa_methods", names(&self.mfa_methods)),
            (
                "control_group",
                self.control_group.as_ref().map(ToString::to_string),
            ),
            (
                "pagination_limit",
                self.pagination_limit.map(|limit| limit.to_string()),
            ),
            ("list_scan_response_keys_filter_path", filter.map(quote)),
            ("subscribe_event_types", names(&self.subscribe_event_types)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn merge_parameters(mine: &mut BTreeMap<String, Values>, later: &BTreeMap<String, Values>) {
    for (name, values) in later {
        match mine.get_mut(name) {
            Some(known) => known.merge(values.clone()),
            None => {
                mine.insert(name.clone(), values.clone());
            }
        }
    }
}

fn smallest<T: Ord>(one: Option<T>, two: Option<T>) -> Option<T> {
    one.into_iter().chain(two).min()
}

fn list(names: &BTreeSet<String>) -> String {
    Value::List(names.iter().cloned().map(Value::Text).collect()).to_string()
}

/// As HCL.
impl fmt::Display for ControlGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ ttl = {}", quote(&self.ttl.to_string()))?;
        if self.self_auth_allowed {
            write!(f, ", self_auth_allowed = true")?;
        }
        for factor in &self.factors {
            write!(f, ", factor {} {{ identity {{ ", quote(&factor.name))?;
            write!(f, "group_names = {}, ", list(&factor.group_names))?;
            if !factor.group_ids.is_empty() {
                write!(f, "group_ids = {}, ", list(&factor.group_ids))?;
            }
            write!(f, "approvals = {} }}", factor.approvals)?;
            if !factor.controlled_capabilities.is_empty() {
                f.write_str(", controlled_capabilities = ")?;
                write_list(
                    f,
                    factor
                        .controlled_capabilities
                        .iter()
                        .map(|word| quote(word)),
                )?;
            }
            f.write_str(" }")?;
        }
        f.write_str(" }")
    }
}

/// `read, list`; `deny`; `update with required_parameters = ["ttl"]`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.grant {
            Grant::Deny => f.write_str("deny")?,
            Grant::Allow(capabilities, constraints) => {
                write!(f, "{capabilities}")?;
                for (index, (name, value)) in constraints.attributes().iter().enumerate() {
                    write!(
                        f,
                        "{} {name} = {value}",
                        if index == 0 { " with" } else { "," }
                    )?;
                }
            }
        }
        match self.expires {
            Some(time) => write!(f, " until {time}"),
            None => Ok(()),
        }
    }
}
