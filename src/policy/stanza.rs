//! Reads the stanzas of a policy out of its tree, and says what each means.

use super::Dialect;
use super::capability::{Capability, CapabilitySet};
use super::control_group;
use super::error::{ParseError, Position};
use super::fields::{Fields, Placed};
use super::path::{PathPattern, PatternError};
use super::rule::{Constraints, Grant, Rule};
use super::syntax::Item;
use super::time::{Ttl, point_in_time};
use std::collections::BTreeSet;
use std::sync::Arc;

const COMMON: [&str; 10] = [
    "comment",
    "policy",
    "capabilities",
    "allowed_parameters",
    "denied_parameters",
    "required_parameters",
    "min_wrapping_ttl",
    "max_wrapping_ttl",
    "mfa_methods",
    "control_group",
];
const OPENBAO: [&str; 3] = [
    "pagination_limit",
    "expiration",
    "list_scan_response_keys_filter_path",
];
const VAULT: [&str; 1] = ["subscribe_event_types"];

/// The rules in the order of the text, unmerged.
pub(super) fn read(items: &[Item], dialect: Option<Dialect>) -> Result<Vec<Rule>, Vec<ParseError>> {
    let mut errors = Vec::new();
    let mut fields = Fields::of(items, &mut errors);
    fields.only("a policy", &["name", "path"]);
    // The server replaces the name by the one in the request, but it must be one.
    fields.text("name");
    let mut rules = Vec::new();
    for item in items.iter().filter(|item| item.name() == "path") {
        let before = errors.len();
        let rule = stanza(item, dialect, &mut errors);
        if errors.len() == before {
            rules.extend(rule);
        }
    }
    if errors.is_empty() {
        Ok(rules)
    } else {
        Err(errors)
    }
}

fn stanza(item: &Item, dialect: Option<Dialect>, errors: &mut Vec<ParseError>) -> Option<Rule> {
    // A stanza without a label is about the path that is called "path".
    let (path, position) = match item.keys.get(1) {
        Some(key) => (key.text.as_str(), key.position),
        None => ("path", item.position()),
    };
    let pattern = PathPattern::parse(path);
    if let Err(error) = pattern {
        errors.push(pattern_fault(error, position));
    }
    let mut fields = Fields::open("path", &item.value, errors)?;
    fields.only("a path", &keys(dialect));
    let grant = grant(&mut fields, dialect);
    let expires = fields
        .text("expiration")
        .filter(|(text, _)| !text.is_empty());
    let expires = expires.map(|(text, position)| {
        let time = point_in_time(&text);
        if time.is_none() {
            let error = ParseError::new(position, format!("{text:?} is not a point in time"));
            fields.fault(error.hint("write it like \"2030-01-31T00:00:00Z\""));
        }
        time
    });
    Some(Rule {
        pattern: pattern.ok()?,
        expires: expires.flatten(),
        grant,
    })
}

fn keys(dialect: Option<Dialect>) -> Vec<&'static str> {
    let openbao = OPENBAO.iter().filter(|_| dialect != Some(Dialect::Vault));
    let vault = VAULT.iter().filter(|_| dialect != Some(Dialect::OpenBao));
    COMMON.iter().chain(openbao).chain(vault).copied().collect()
}

fn pattern_fault(error: PatternError, position: Position) -> ParseError {
    let fault = ParseError::new(position, error.to_string());
    match error {
        PatternError::PlusStar => {
            fault.hint("'+' stands for a whole segment; write '+/*' for what is below it")
        }
        PatternError::UnbalancedTemplate | PatternError::NotExact => fault,
    }
}

fn grant(fields: &mut Fields<'_, '_>, dialect: Option<Dialect>) -> Grant {
    let words = fields.texts("capabilities");
    let old = fields.text("policy").filter(|(word, _)| !word.is_empty());
    let mut capabilities = BTreeSet::new();
    let mut deny = old.as_ref().is_some_and(|(word, _)| word == "deny");
    for (word, position) in words {
        // The server looks no further once it has met a deny.
        if deny {
            break;
        }
        match capability(&word, dialect) {
            Some(capability) => drop(capabilities.insert(capability)),
            None if word == "deny" => deny = true,
            None => fields.fault(unknown_capability(&word, position, dialect)),
        }
    }
    if let Some((word, position)) = old {
        if let Some(more) = old_policy(&word) {
            capabilities.extend(more);
        } else {
            let error = ParseError::new(position, format!("unknown policy {word:?}"));
            fields.fault(error.hint("use capabilities = [\"read\", …] instead of policy"));
        }
    }
    let capabilities: CapabilitySet = capabilities.into_iter().collect();
    let mut constraints = constraints(fields, deny);
    // Where a stanza denies, Vault looks no further.
    if !(deny && dialect == Some(Dialect::Vault)) {
        constraints.control_group = control_group::read(fields, dialect, capabilities);
    }
    if deny {
        return Grant::Deny;
    }
    let grant = Grant::Allow(capabilities, Arc::new(constraints));
    check_filter(fields, &grant);
    grant
}

fn capability(word: &str, dialect: Option<Dialect>) -> Option<Capability> {
    let server = |capability: &Capability| match capability {
        Capability::Scan => dialect != Some(Dialect::Vault),
        Capability::Subscribe | Capability::Recover => dialect != Some(Dialect::OpenBao),
        _ => true,
    };
    Capability::from_word(word).filter(server)
}

fn unknown_capability(word: &str, position: Position, dialect: Option<Dialect>) -> ParseError {
    let known: Vec<&str> = Capability::ALL
        .into_iter()
        .map(Capability::word)
        .filter(|word| capability(word, dialect).is_some())
        .collect();
    ParseError::new(position, format!("unknown capability {word:?}"))
        .hint(format!("known are {} and deny", known.join(", ")))
}

fn old_policy(word: &str) -> Option<Vec<Capability>> {
    use Capability::{Create, Delete, List, Read, Sudo, Update};
    match word {
        "deny" => Some(Vec::new()),
        "read" => Some(vec![Read, List]),
        "write" => Some(vec![Create, Read, Update, Delete, List]),
        "sudo" => Some(vec![Create, Read, Update, Delete, List, Sudo]),
        _ => None,
    }
}

/// All but the control group.
fn constraints(fields: &mut Fields<'_, '_>, deny: bool) -> Constraints {
    let names = |placed: Vec<Placed<String>>| placed.into_iter().map(|(name, _)| name);
    let min = fields.duration("min_wrapping_ttl", deny);
    let max = fields.duration("max_wrapping_ttl", deny);
    if let (Some((min, _)), Some((max, position))) = (min, max)
        && !(deny || min.is_zero() || max.is_zero() || min <= max)
    {
        let message = "max_wrapping_ttl is less than min_wrapping_ttl";
        fields.fault(ParseError::new(position, message));
    }
    let set = |ttl: Option<Placed<Ttl>>| ttl.map(|(ttl, _)| ttl).filter(|ttl| ttl.is_positive());
    let limit = fields
        .integer("pagination_limit")
        .and_then(|limit| u64::try_from(limit).ok());
    let filter = fields.text("list_scan_response_keys_filter_path");
    Constraints {
        allowed_parameters: fields.parameters("allowed_parameters"),
        denied_parameters: fields.parameters("denied_parameters"),
        required_parameters: names(fields.texts("required_parameters"))
            .map(|name| name.to_lowercase())
            .collect(),
        min_wrapping_ttl: set(min),
        max_wrapping_ttl: set(max),
        mfa_methods: names(fields.texts("mfa_methods")).collect(),
        control_group: None,
        pagination_limit: limit.filter(|&limit| limit > 0),
        list_scan_response_keys_filter_path: filter
            .map(|(text, _)| text)
            .filter(|text| !text.is_empty()),
        subscribe_event_types: names(fields.texts("subscribe_event_types")).collect(),
    }
}

/// The server runs the template with two names and wants two answers. Here it must mention the
/// name: a template that mentions it and is wrong otherwise is found only there.
fn check_filter(fields: &mut Fields<'_, '_>, grant: &Grant) {
    const NAME: &str = "list_scan_response_keys_filter_path";
    let Grant::Allow(capabilities, constraints) = grant else {
        return;
    };
    let Some(text) = &constraints.list_scan_response_keys_filter_path else {
        return;
    };
    let Some((_, node)) = fields.labelled(NAME).pop() else {
        return;
    };
    if !capabilities.contains(Capability::List) {
        fields.fault(ParseError::new(
            node.position,
            format!("{NAME} needs the capability list"),
        ));
    }
    let mut actions = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next());
    if !actions.any(|action| action.contains(".key")) {
        let message = format!("{NAME} gives the same path for every name");
        let error = ParseError::new(node.position, message);
        fields.fault(error.hint("write \"{{ .path }}{{ .key }}\""));
    }
}
