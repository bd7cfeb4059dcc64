//! What rules say of lists: how long a page may be, and which names are shown.

use super::Access;
use crate::policy::{Capability, Constraints};
use crate::sandbox::vault::call::{Answer, Call, Refusal};
use serde_json::Value;

/// Whether the page that is asked for is short enough; one that asks for no length gets the longest.
pub(super) fn page(call: &mut Call, constraints: &Constraints) -> bool {
    let Some(longest) = constraints.pagination_limit else {
        return true;
    };
    let asked = match call.query.get("limit").map(|text| text.parse::<i64>()) {
        None => 0,
        Some(Ok(asked)) => asked,
        Some(Err(_)) => return false,
    };
    if asked <= 0 {
        call.query.insert("limit".to_owned(), longest.to_string());
        return true;
    }
    u64::try_from(asked).is_ok_and(|asked| asked <= longest)
}

/// Takes those names out of a list that the token may not look at: `template` says which path a name stands for.
pub(super) fn sift(
    access: &Access,
    call: &Call,
    template: &str,
    answer: Answer,
) -> Result<Answer, Refusal> {
    let Answer::Secret(mut secret) = answer else {
        return Ok(answer);
    };
    let shown = |name: &str| {
        let path = filled(template, &call.path, name);
        let needed = if name.ends_with('/') {
            Capability::List
        } else {
            Capability::Read
        };
        access.grants(&call.namespace, &path, needed)
    };
    let data = secret.data.as_mut();
    let Some(Value::Array(keys)) = data.and_then(|data| data.get_mut("keys")) else {
        return Ok(Answer::Secret(secret));
    };
    keys.retain(|key| key.as_str().is_some_and(shown));
    if keys.is_empty() {
        return Err(Refusal::not_found());
    }
    if let Some(Value::Object(entries)) = secret
        .data
        .as_mut()
        .and_then(|data| data.get_mut("key_info"))
    {
        entries.retain(|name, _| shown(name));
    }
    Ok(Answer::Secret(secret))
}

/// The two fields that such templates are made of, with or without spaces around them.
fn filled(template: &str, path: &str, name: &str) -> String {
    let mut rest = template;
    let mut text = String::new();
    while let Some((before, action)) = rest.split_once("{{") {
        let (field, after) = action.split_once("}}").unwrap_or((action, ""));
        text.push_str(before);
        match field.trim() {
            ".path" => text.push_str(path),
            ".key" => text.push_str(name),
            _ => {}
        }
        rest = after;
    }
    text + rest
}
