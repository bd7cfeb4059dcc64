//! One change, or one thing that waits, as a row of a table.

use super::style::{Ink, Row, clean, count};
use crate::diagnostics::Place;
use crate::plan::{Action, Cause, Change, FieldChange, Kind, Scope, Target, Waiting};
use jiff::Timestamp;

/// How many field changes are shown on their own lines before the rest is counted.
const SHOWN_FIELDS: usize = 12;

fn sigil(action: Action) -> (Ink, String) {
    match action {
        Action::Create => (Ink::Good, "+".to_owned()),
        Action::Update => (Ink::Careful, "~".to_owned()),
        Action::Delete => (Ink::Bad, "-".to_owned()),
    }
}

/// One line, or one for each field when there are several.
pub(super) fn change_rows(change: &Change) -> Vec<Row> {
    let detail = match change.fields.as_slice() {
        [] => change.summary.clone(),
        [field] => signed(field),
        fields => count(fields.len(), "change"),
    };
    let plain = |text: String| (Ink::Quiet, text);
    let place = change.place.as_ref().map(Place::line).unwrap_or_default();
    let mut rows = vec![vec![
        sigil(change.action),
        (Ink::Plain, change.target.kind.word().to_owned()),
        (Ink::Strong, clean(&change.target.name)),
        (Ink::Plain, clean(&detail)),
        (Ink::Careful, cause(change)),
        plain(clean(&place)),
    ]];
    if change.fields.len() > 1 {
        let shown = change
            .fields
            .iter()
            .take(SHOWN_FIELDS)
            .map(|field| clean(&signed(field)));
        let more = change.fields.len().saturating_sub(SHOWN_FIELDS);
        let more = (more > 0).then(|| format!("and {more} more"));
        rows.extend(
            shown
                .chain(more)
                .map(|field| vec![plain(String::new()), plain(format!("  {field}"))]),
        );
    }
    rows
}

/// What comes, what goes, and what becomes something else.
fn signed(field: &FieldChange) -> String {
    match (&field.before, &field.after) {
        (None, Some(after)) => format!("+ {} {after}", field.field),
        (Some(before), None) => format!("- {} {before}", field.field),
        _ => field.to_string(),
    }
}

/// To the second, which is as much as anybody reads; what is no time stays as it is.
fn moment(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => clean(text),
    }
}

/// Who moved, in a few words.
fn cause(change: &Change) -> String {
    let is_marked = matches!(change.target.kind, Kind::AuthConfig | Kind::Role);
    match &change.cause {
        // The mark of their mount remembers what was written when it was made: git may have moved, and moved back.
        Cause::Drift {
            by: None,
            since: None,
        } if is_marked => "changed since it was made".to_owned(),
        Cause::Pending | Cause::Unrecorded => String::new(),
        Cause::Drift { by, since } => {
            let by = by
                .as_ref()
                .map(|by| format!(" by {}", clean(by)))
                .unwrap_or_default();
            let since = since
                .as_ref()
                .map(|since| format!(", since {}", moment(since)))
                .unwrap_or_default();
            format!("drift{by}{since}")
        }
        Cause::Rotation {
            from: Some(from),
            to: Some(to),
        } => format!("rotation v{from} → v{to}"),
        Cause::Rotation { .. } => "rotation".to_owned(),
        Cause::Adopt => "adopt".to_owned(),
    }
}

pub(super) fn waiting_row(waiting: &Waiting) -> Row {
    let place = waiting.place.as_ref().map(Place::line).unwrap_or_default();
    vec![
        (Ink::Quiet, "…".to_owned()),
        (Ink::Plain, waiting.target.kind.word().to_owned()),
        (
            Ink::Strong,
            format!(
                "{} {}",
                scope_word(&waiting.target.scope),
                clean(&waiting.target.name)
            ),
        ),
        (Ink::Quiet, clean(&waiting.summary)),
        (Ink::Careful, clean(&waiting.why)),
        (Ink::Quiet, clean(&place)),
    ]
}

/// An object by where it is, what it is and its name.
pub(super) fn target_words(target: &Target) -> String {
    format!(
        "{} {} {}",
        scope_word(&target.scope),
        target.kind.word(),
        target.name
    )
}

pub(super) fn scope_word(scope: &Scope) -> String {
    match scope {
        Scope::Vault(name) => name.to_string(),
        Scope::Cluster(name) => name.to_string(),
    }
}
