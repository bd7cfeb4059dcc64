//! What a server makes up itself, named by the order in which it came up.

use serde_json::Value;
use std::collections::BTreeMap;

/// Fields whose text a server makes up.
const MADE_UP: [&str; 20] = [
    "uid",
    "uuid",
    "accessor",
    "wrapped_accessor",
    "client_token",
    "id",
    "entity_id",
    "resourceVersion",
    "continue",
    "token",
    "namespace_id",
    "creation_path_id",
    "cluster_id",
    "cluster_name",
    "nonce",
    "generation_id",
    "request_id",
    "authentication.kubernetes.io/credential-id",
    "migration_id",
    "unlock_key",
];
/// Fields whose number is a moment.
const MOMENTS: [&str; 3] = ["server_time_utc", "creation_time", "last_renewal_time"];
/// Fields whose number counts the seconds that are left, which go by between two answers.
const LEFT: [&str; 2] = ["ttl", "lease_duration"];
/// A warning that says how many seconds are left.
const CAPPED: &str = "exceeded the effective max_ttl of \"";
/// In place of what is another one with every request.
const MOVING: &str = "<moving>";
/// Shorter texts are not looked for inside of others.
const TELLING: usize = 8;

/// The names given on one side so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Masks {
    named: BTreeMap<String, String>,
    /// Of these, what a test named itself.
    set: BTreeMap<String, String>,
    given: BTreeMap<String, usize>,
}

impl Masks {
    /// Calls this text so, wherever it stands.
    pub(crate) fn name(&mut self, text: &str, name: &str) {
        let before = std::mem::take(&mut self.set);
        let others = before.into_iter().filter(|(_, known)| known != name);
        self.set = others.collect();
        self.set.insert(text.to_owned(), name.to_owned());
        self.named.insert(text.to_owned(), name.to_owned());
    }

    /// Forgets what came up so far, so that a sequence that went wrong does not tell on the next.
    pub(crate) fn forget(&mut self) {
        self.named = self.set.clone();
        self.given.clear();
    }

    pub(crate) fn mask(&mut self, value: &mut Value) {
        mask_moments(value);
        sort_managers(value);
        sort_conflicts(value);
        forget_moments(value);
        self.find("", value);
        self.replace(value);
    }

    fn find(&mut self, field: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                // A request has an id of its own each time; order would not tell anything.
                for (name, value) in fields.iter().filter(|(name, _)| *name != "request_id") {
                    self.find(name, value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.find(field, item)),
            Value::String(text)
                if MADE_UP.contains(&field)
                    && !text.is_empty()
                    && text != MOVING
                    && !self.named.contains_key(text) =>
            {
                let count = self.given.entry(field.to_owned()).or_default();
                *count += 1;
                let name = format!("<{field} {count}>");
                self.named.insert(text.clone(), name);
            }
            _ => {}
        }
    }

    fn replace(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("request_id");
                let names: Vec<String> = fields.keys().cloned().collect();
                for name in names {
                    let mut value = fields.remove(&name).unwrap_or_default();
                    match value.as_u64() {
                        Some(_) if MOMENTS.contains(&name.as_str()) => value = "<time>".into(),
                        Some(left) if LEFT.contains(&name.as_str()) => {
                            value = ((left + 5) / 10 * 10).into();
                        }
                        _ => self.replace(&mut value),
                    }
                    fields.insert(self.replaced(&name), value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::String(text) => *text = self.replaced(text),
            _ => {}
        }
    }

    fn replaced(&self, text: &str) -> String {
        if let Some(name) = self.named.get(text) {
            return name.clone();
        }
        if text.parse::<jiff::Timestamp>().is_ok() {
            return "<time>".to_owned();
        }
        if let Some((before, left)) = text.split_once(CAPPED)
            && let Some((left, after)) = left.split_once('"')
            && let Ok(left) = left.parse::<jiff::SignedDuration>()
        {
            let left = (left.as_secs() + 5) / 10 * 10;
            return format!("{before}{CAPPED}{left} s{after}");
        }
        let text = &without_versions(text);
        let telling = self
            .named
            .iter()
            .filter(|(known, _)| known.len() >= TELLING);
        telling.fold(text.to_owned(), |text, (known, name)| {
            text.replace(known, name)
        })
    }
}

/// A token that was made as one second became another is capped by what has gone by since.
fn forget_moments(answer: &mut Value) {
    let Some(warnings) = answer.pointer_mut("/body/warnings") else {
        return;
    };
    let Some(told) = warnings.as_array_mut() else {
        return;
    };
    told.retain(|warning| !warning.as_str().is_some_and(is_of_a_moment));
    if told.is_empty() {
        warnings.take();
    }
}

/// Whether the time that was asked for is longer than the one that was left by less than that.
fn is_of_a_moment(warning: &str) -> bool {
    let mut times = warning.split('"').skip(1).step_by(2);
    let mut time = || times.next()?.parse::<jiff::SignedDuration>().ok();
    match (warning.contains(CAPPED), time(), time()) {
        (true, Some(asked), Some(left)) => (asked - left).as_secs() < 5,
        _ => false,
    }
}

/// The revision that a list was read at moves with every write to the cluster, also those of other tests and of the
/// server itself; and what is a second old is two seconds old on a slower day.
fn mask_moments(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("kind").and_then(Value::as_str);
            let is_list = kind.is_some_and(|kind| kind.ends_with("List") || kind == "Table");
            let is_bookmark = fields.get("type").is_some_and(|of| of == "BOOKMARK");
            let mut place = match () {
                () if is_list => fields.get_mut("metadata"),
                () if is_bookmark => fields
                    .get_mut("object")
                    .and_then(|of| of.get_mut("metadata")),
                () => None,
            };
            for moving in ["resourceVersion", "continue"] {
                if let Some(text) = place.as_mut().and_then(|of| of.get_mut(moving)) {
                    *text = MOVING.into();
                }
            }
            if let Some(Value::Array(cells)) = fields.get_mut("cells") {
                cells
                    .iter_mut()
                    .filter(|cell| is_age(cell))
                    .for_each(|cell| *cell = "<age>".into());
            }
            fields.values_mut().for_each(mask_moments);
        }
        Value::Array(items) => items.iter_mut().for_each(mask_moments),
        _ => {}
    }
}

/// The revisions in messages are too short to be known again.
fn without_versions(text: &str) -> String {
    let before = [
        "ResourceVersion in the precondition (",
        "ResourceVersion in record (",
        "ResourceVersion in object meta: ",
        "Too large resource version: 99999999, current: ",
    ];
    before.iter().fold(text.to_owned(), |text, before| {
        let Some((start, rest)) = text.split_once(before) else {
            return text;
        };
        let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        format!("{start}{before}<version>{rest}")
    })
}

/// `5s`, `3m20s`.
fn is_age(cell: &Value) -> bool {
    cell.as_str().is_some_and(|text| {
        text.ends_with(['s', 'm', 'h', 'd'])
            && text.starts_with(|letter: char| letter.is_ascii_digit())
            && text
                .chars()
                .all(|letter| letter.is_ascii_digit() || "smhd".contains(letter))
    })
}

/// A kube-apiserver lists the conflicts of an apply in another order each time where several managers are in the way.
fn sort_conflicts(answer: &mut Value) {
    let causes = answer.pointer_mut("/body/details/causes");
    let Some(causes) = causes.and_then(Value::as_array_mut) else {
        return;
    };
    if causes
        .iter()
        .all(|cause| cause["reason"] == "FieldManagerConflict")
    {
        causes.sort_by_key(Value::to_string);
    }
}

/// Entries of managedFields are in the order of their times, and one server may have been asked a second later.
fn sort_managers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Array(entries)) = fields.get_mut("managedFields") {
                entries.sort_by_cached_key(|entry| {
                    ["operation", "manager", "apiVersion", "subresource"]
                        .map(|name| entry[name].to_string())
                });
            }
            fields.values_mut().for_each(sort_managers);
        }
        Value::Array(items) => items.iter_mut().for_each(sort_managers),
        _ => {}
    }
}
