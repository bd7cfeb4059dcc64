//! The differences between the sandbox and the real servers that are accepted: the one table in `docs/sandbox.md`.

use serde_json::Value;
use std::sync::OnceLock;

const PAGE: &str = include_str!("../../docs/sandbox.md");

/// A row: on this server, for these requests, what stands there may differ.
#[derive(Debug)]
pub(crate) struct Difference {
    servers: Vec<String>,
    /// With `*` for any text.
    request: String,
    /// `status`, `headers`, or a JSON pointer into the body; a part `*` is any one field or entry.
    place: String,
}

impl Difference {
    /// Takes what may differ out of an answer of `status`, `headers` and `body`.
    pub(crate) fn take_out(&self, answer: &mut Value) {
        let place = match self.place.as_str() {
            "status" | "headers" | "body" => vec![self.place.clone()],
            pointer => {
                let parts = pointer.trim_start_matches('/').split('/');
                let parts = parts.map(|part| part.replace("~1", "/").replace("~0", "~"));
                std::iter::once("body".to_owned()).chain(parts).collect()
            }
        };
        take(answer, &place);
    }
}

fn take(value: &mut Value, place: &[String]) {
    let [first, rest @ ..] = place else { return };
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) if rest.is_empty() => {
            match first.as_str() {
                "*" => fields.clear(),
                // They must stay there to be read back.
                "status" => fields
                    .insert("status".to_owned(), 0.into())
                    .map_or((), drop),
                "headers" => {
                    fields.insert("headers".to_owned(), Value::Object(serde_json::Map::new()));
                }
                name => fields.remove(name).map_or((), drop),
            }
            return;
        }
        Value::Object(fields) if first == "*" => fields.values_mut().collect(),
        Value::Object(fields) => fields.get_mut(first).into_iter().collect(),
        Value::Array(items) if rest.is_empty() => {
            match first.parse::<usize>() {
                Ok(index) if index < items.len() => drop(items.remove(index)),
                _ => items.clear(),
            }
            return;
        }
        Value::Array(items) if first == "*" => items.iter_mut().collect(),
        Value::Array(items) => {
            let index = first.parse::<usize>().unwrap_or(usize::MAX);
            items.get_mut(index).into_iter().collect()
        }
        _ => return,
    };
    for value in inner {
        take(value, rest);
    }
}

/// The rows for a request, as `GET /v1/sys/health`.
pub(crate) fn accepted(server: &str, request: &str) -> Vec<&'static Difference> {
    static TABLE: OnceLock<Vec<Difference>> = OnceLock::new();
    let table = TABLE.get_or_init(read);
    let of_server = table
        .iter()
        .filter(|row| row.servers.iter().any(|name| name == server));
    of_server
        .filter(|row| matches(&row.request, request))
        .collect()
}

fn read() -> Vec<Difference> {
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .trim()
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        let [servers, request, place, reason] = cells[..] else {
            return None;
        };
        let is_row = request.starts_with('`') && place.starts_with('`');
        assert!(
            !is_row || reason.len() > 10,
            "a difference without a reason: {line}"
        );
        is_row.then(|| Difference {
            servers: servers
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
            request: request.trim_matches('`').to_owned(),
            place: place.trim_matches('`').to_owned(),
        })
    });
    rows.collect()
}

/// Whether a text is a pattern with `*` for any part.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len())
                .filter(|cut| text.is_char_boundary(*cut))
                .any(|cut| matches(rest, &text[cut..]))
        }),
    }
}
