//! Comparing fields as a server means them: durations in any notation, lists in any order, absent as its default.

use super::FieldChange;
use crate::mark::Owner;
use crate::observe::Fields;
use serde_json::Value;
use std::collections::BTreeSet;

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Flag,
    Number,
    /// Seconds, or Vault's notation of them.
    Duration,
    /// A list whose order means nothing.
    Set,
    /// A certificate: white space at its ends means nothing.
    Pem,
}

/// One field as it should be. `core` fields are always sent; the others only to a server that shows them.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) desired: Value,
    pub(super) core: bool,
}

pub(super) fn core(name: &'static str, shape: Shape, desired: impl Into<Value>) -> Rule {
    Rule {
        name,
        shape,
        desired: desired.into(),
        core: true,
    }
}

pub(super) fn where_known(name: &'static str, shape: Shape, desired: impl Into<Value>) -> Rule {
    Rule {
        name,
        shape,
        desired: desired.into(),
        core: false,
    }
}

/// What differs, by field, in the order of the rules.
pub(super) fn differences(rules: &[Rule], live: &Fields) -> Vec<FieldChange> {
    rules
        .iter()
        .filter_map(|rule| {
            let before = meaning(rule.shape, live.get(rule.name));
            let after = meaning(rule.shape, Some(&rule.desired));
            (before != after).then(|| FieldChange {
                field: rule.name.to_owned(),
                before: Some(shown(rule.shape, &before)),
                after: Some(shown(rule.shape, &after)),
            })
        })
        .collect()
}

/// Splits differences of an object into what is to change, and what is left to whoever made it by hand: there, only
/// what the repository asks for in so many words counts, until it is adopted.
pub(super) fn asked_for(
    owner: &Owner,
    adopt: bool,
    changes: Vec<FieldChange>,
    said: impl Fn(&str) -> bool,
) -> (Vec<FieldChange>, Vec<FieldChange>) {
    let leaves = *owner == Owner::Unmarked && !adopt;
    changes
        .into_iter()
        .partition(|change| !leaves || said(&change.field))
}

/// `token_ttl 48h (default 24h)`, for fields that are left as they are.
pub(super) fn list_left(left: &[FieldChange]) -> String {
    let each = |change: &FieldChange| {
        let text = |side: &Option<String>| side.clone().unwrap_or_default();
        let (before, after) = (text(&change.before), text(&change.after));
        format!("{} {before} (default {after})", change.field)
    };
    left.iter().map(each).collect::<Vec<_>>().join(", ")
}

/// What is sent: every core field, and what else this server shows.
pub(super) fn to_send(rules: &[Rule], live: Option<&Fields>) -> Fields {
    let is_sent = |rule: &&Rule| rule.core || live.is_some_and(|live| live.contains_key(rule.name));
    rules
        .iter()
        .filter(is_sent)
        .map(|rule| (rule.name.to_owned(), rule.desired.clone()))
        .collect()
}

/// A canonical text of the desired fields, for a mark's digest.
pub(super) fn canonical(rules: &[Rule]) -> String {
    canonical_of(rules, |rule| Some(&rule.desired))
}

/// The same of the live ones.
pub(super) fn canonical_live(rules: &[Rule], live: &Fields) -> String {
    canonical_of(rules, |rule| live.get(rule.name))
}

fn canonical_of<'a>(rules: &'a [Rule], value: impl Fn(&'a Rule) -> Option<&'a Value>) -> String {
    let line = |rule: &'a Rule| {
        format!(
            "{}={}\n",
            rule.name,
            shown_whole(&meaning(rule.shape, value(rule)))
        )
    };
    rules.iter().map(line).collect()
}

/// A field reduced to what it means; an absent one is its type's empty value.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Text(String),
    Flag(bool),
    Number(u64),
    Set(BTreeSet<String>),
}

fn meaning(shape: Shape, value: Option<&Value>) -> Meaning {
    match shape {
        Shape::Text => Meaning::Text(text(value)),
        Shape::Pem => Meaning::Text(
            text(value)
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        Shape::Flag => {
            Meaning::Flag(matches!(value, Some(Value::Bool(true))) || text(value) == "true")
        }
        Shape::Number => Meaning::Number(number(value)),
        Shape::Duration => Meaning::Number(number(value)),
        Shape::Set => Meaning::Set(set(value)),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn number(value: Option<&Value>) -> u64 {
    let seconds =
        |text: &str| crate::declare::parse_duration(text).map(|duration| duration.as_secs());
    value
        .and_then(|value| value.as_u64().or_else(|| value.as_str().and_then(seconds)))
        .unwrap_or(0)
}

fn set(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(|item| text(Some(item))).collect(),
        Some(Value::String(list)) => list
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    }
}

fn shown(shape: Shape, meaning: &Meaning) -> String {
    match (shape, meaning) {
        (Shape::Duration, Meaning::Number(seconds)) => duration(*seconds),
        (Shape::Pem, Meaning::Text(pem)) if !pem.is_empty() => {
            format!("certificate {}", &crate::mark::digest(pem)[..8])
        }
        (_, Meaning::Text(text)) if text.is_empty() => "\"\"".to_owned(),
        _ => shown_whole(meaning),
    }
}

fn shown_whole(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Text(text) => text.clone(),
        Meaning::Flag(flag) => flag.to_string(),
        Meaning::Number(number) => number.to_string(),
        Meaning::Set(items) if items.is_empty() => "none".to_owned(),
        Meaning::Set(items) => items.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

/// Seconds in the largest unit that keeps them whole.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0 => "0".to_owned(),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn same(shape: Shape, live: Value, desired: Value) -> bool {
        let rules = [core("field", shape, desired)];
        differences(&rules, &Fields::from([("field".to_owned(), live)])).is_empty()
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        assert!(same(Shape::Duration, json!("24h"), json!(86400)));
        assert!(same(Shape::Duration, json!(86400), json!("86400")));
        assert!(same(Shape::Set, json!(["b", "a"]), json!(["a", "b"])));
        assert!(same(Shape::Set, json!("a,b"), json!(["a", "b"])));
        assert!(same(Shape::Set, Value::Null, json!([])));
        assert!(same(Shape::Pem, json!("x\ny\n\n"), json!(" x\r\ny")));
        assert!(same(Shape::Flag, Value::Null, json!(false)));
        assert!(differences(&[core("new", Shape::Text, "")], &Fields::new()).is_empty());
    }

    #[test]
    fn what_differs_is_named_with_both_sides() {
        let rules = [core("token_ttl", Shape::Duration, 3600)];
        let found = differences(
            &rules,
            &Fields::from([("token_ttl".to_owned(), json!(86400))]),
        );
        assert_eq!(found[0].to_string(), "token_ttl 24h → 1h");
    }

    #[test]
    fn a_field_that_only_some_servers_know_is_sent_to_those() {
        let rules = [where_known("token_strictly_bind_ip", Shape::Flag, false)];
        assert!(to_send(&rules, None).is_empty());
        let live = Fields::from([("token_strictly_bind_ip".to_owned(), json!(true))]);
        assert_eq!(to_send(&rules, Some(&live)).len(), 1);
    }
}
