//! Whether the policies of a token let a request through, parameters included.

mod lists;

use super::call::{Answer, Call, Operation, Refusal};
use super::policies::dialect;
use super::state::State;
use super::tokens::Token;
use crate::policy::{Acl, Capability, Constraints, Grant, Policy, Ttl, Value as Wanted, Values};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a token may do.
#[derive(Debug)]
pub(super) struct Access {
    acl: Acl,
    pub root: bool,
    /// The namespace whose policies these are: their paths are below it.
    namespace: String,
    /// The paths that any rule speaks of.
    policies: Vec<Policy>,
}

impl Access {
    pub(super) fn of(state: &State, token: &Token, now: Timestamp) -> Self {
        let known = state.namespaces.get(&token.namespace);
        let mut policies = Vec::new();
        for name in &token.policies {
            if name == "root" {
                policies.push(Policy::root());
            }
            let stored = known.and_then(|namespace| namespace.policies.get(name));
            let stored = stored.filter(|policy| policy.expiration.is_none_or(|end| now <= end));
            // Nobody here has an identity that a template could be filled in with, but its own id.
            policies.extend(stored.map(|policy| policy.meaning.at(now).without_templates()));
        }
        let texts: Vec<&Policy> = policies.iter().collect();
        Self {
            acl: Acl::for_server(dialect(state.flavour), &texts),
            root: token.is_root(),
            namespace: token.namespace.clone(),
            policies,
        }
    }

    /// Whether a call is let through; `guarded` paths want `sudo` as well.
    pub(super) fn allows(&self, call: &mut Call, guarded: bool) -> bool {
        if self.root {
            return true;
        }
        let Some(path) = self.own(&call.namespace, &call.path) else {
            return false;
        };
        let needed = capability(call.operation);
        let Some(rule) = self.acl.deciding_rule(&path, needed) else {
            return false;
        };
        let Grant::Allow(capabilities, constraints) = &rule.grant else {
            return false;
        };
        capabilities.contains(needed)
            && (!guarded || capabilities.contains(Capability::Sudo))
            && wrapped(call.wrap, constraints)
            && match call.operation {
                Operation::List | Operation::Scan => lists::page(call, constraints),
                _ => parameters(call, constraints),
            }
    }

    /// An answer as the rule for the call lets it be seen.
    pub(super) fn seen(&self, call: &Call, answer: Answer) -> Result<Answer, Refusal> {
        let path = self.own(&call.namespace, &call.path);
        let lists = matches!(call.operation, Operation::List | Operation::Scan);
        let (Some(path), true, false) = (path, lists, self.root) else {
            return Ok(answer);
        };
        let rule = self.acl.deciding_rule(&path, capability(call.operation));
        let filter = rule.and_then(|rule| match rule.grant {
            Grant::Allow(_, constraints) => constraints.list_scan_response_keys_filter_path.clone(),
            Grant::Deny => None,
        });
        match filter {
            Some(template) => lists::sift(self, call, &template, answer),
            None => Ok(answer),
        }
    }

    fn grants(&self, namespace: &str, path: &str, needed: Capability) -> bool {
        let path = self.own(namespace, path);
        path.is_some_and(|path| self.acl.allows(&path, needed))
    }

    /// The words of `sys/capabilities` for a path of a namespace.
    pub(super) fn capabilities(&self, namespace: &str, path: &str) -> Vec<&'static str> {
        if self.root {
            return vec!["root"];
        }
        let granted = self
            .own(namespace, path)
            .map(|path| self.acl.capabilities(&path));
        match granted {
            Some(crate::policy::Access::Granted(capabilities)) => {
                let mut words: Vec<&str> = capabilities.iter().map(Capability::word).collect();
                words.sort_unstable();
                words
            }
            _ => vec!["deny"],
        }
    }

    /// Whether anything is granted on a path, or below it.
    pub(super) fn sees(&self, namespace: &str, path: &str) -> bool {
        if self.root {
            return true;
        }
        let Some(path) = self.own(namespace, path) else {
            return false;
        };
        let rules = self.policies.iter().flat_map(Policy::rules);
        let mut granted = rules.filter(|rule| !rule.grant.capabilities().is_empty());
        granted.any(|rule| {
            let text = rule.pattern.to_string();
            let fixed = text.trim_end_matches('*');
            fixed.starts_with(&path) || rule.pattern.matches(&path)
        })
    }

    /// A path as the policies name it.
    fn own(&self, namespace: &str, path: &str) -> Option<String> {
        let below = namespace.strip_prefix(self.namespace.as_str())?;
        Some(format!("{below}{path}"))
    }
}

fn capability(operation: Operation) -> Capability {
    match operation {
        Operation::Read => Capability::Read,
        Operation::List => Capability::List,
        Operation::Scan => Capability::Scan,
        Operation::Create => Capability::Create,
        Operation::Update => Capability::Update,
        Operation::Patch => Capability::Patch,
        Operation::Delete => Capability::Delete,
    }
}

/// Whether an answer is to be wrapped for as long as a rule wants it.
fn wrapped(asked: Option<u64>, constraints: &Constraints) -> bool {
    let asked = asked.map(|asked| Ttl::seconds(i64::try_from(asked).unwrap_or(i64::MAX)));
    let (min, max) = (constraints.min_wrapping_ttl, constraints.max_wrapping_ttl);
    min.is_none_or(|min| asked.is_some_and(|asked| asked >= min))
        && max.is_none_or(|max| asked.is_some_and(|asked| asked <= max))
}

fn parameters(call: &Call, constraints: &Constraints) -> bool {
    let given: Map<String, Value> = match call.operation {
        Operation::Read => {
            let query = call.query.iter();
            query
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect()
        }
        Operation::Create | Operation::Update | Operation::Patch => call.body.clone(),
        Operation::List | Operation::Scan | Operation::Delete => return true,
    };
    let required = constraints.required_parameters.iter();
    if !required.clone().all(|name| given.contains_key(name)) {
        return false;
    }
    given.is_empty()
        || (!denied(&given, &constraints.denied_parameters)
            && allowed(&given, &constraints.allowed_parameters))
}

fn denied(given: &Map<String, Value>, denied: &BTreeMap<String, Values>) -> bool {
    denied.contains_key("*")
        || given.iter().any(|(name, value)| {
            let values = denied.get(&name.to_lowercase());
            values.is_some_and(|values| among(value, values))
        })
}

fn allowed(given: &Map<String, Value>, allowed: &BTreeMap<String, Values>) -> bool {
    let all = allowed.contains_key("*");
    if allowed.is_empty() || (all && allowed.len() == 1) {
        return true;
    }
    given
        .iter()
        .all(|(name, value)| match allowed.get(&name.to_lowercase()) {
            Some(values) => among(value, values),
            None => all,
        })
}

fn among(value: &Value, values: &Values) -> bool {
    match values {
        Values::Any => true,
        Values::These(values) => values.iter().any(|wanted| is(value, wanted)),
    }
}

/// The server compares without converting; a number of a request never equals one of a policy.
fn is(value: &Value, wanted: &Wanted) -> bool {
    match (value, wanted) {
        (Value::String(value), Wanted::Text(wanted)) => globbed(value, wanted),
        (Value::Bool(value), Wanted::Bool(wanted)) => value == wanted,
        (Value::Array(items), Wanted::List(wanted)) => {
            items.len() == wanted.len()
                && items.iter().zip(wanted).all(|pair| match pair {
                    (Value::String(item), Wanted::Text(wanted)) => item == wanted,
                    (Value::Bool(item), Wanted::Bool(wanted)) => item == wanted,
                    _ => false,
                })
        }
        _ => false,
    }
}

/// With `*` at either end for any text.
fn globbed(text: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some("")) => true,
        (Some(rest), Some(_)) => text.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}
