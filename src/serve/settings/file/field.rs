//! Kinds of fields that several sections have.

use crate::declare::parse_duration;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::serve::settings::SecretSource;
use crate::yaml::{Content, Entry, Fields, Node, nearest};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// One of these words.
pub(super) fn one_of<T: Copy>(
    node: &Node,
    key: &str,
    words: &[(&'static str, T)],
    problems: &mut Diagnostics,
) -> Option<T> {
    let text = node.text(&format!("`{key}`"), problems)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known = || words.iter().map(|(word, _)| *word);
        let hint = match nearest(text, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        let wrong = format!("`{key}` cannot be {text:?}");
        problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    }
    found.map(|(_, meant)| *meant)
}

/// Of a mapping whose keys are names.
pub(super) fn entries<'n>(node: &'n Node, what: &str, problems: &mut Diagnostics) -> &'n [Entry] {
    if !matches!(node.content, Content::Map(_)) {
        let wrong = format!("`{what}` must be a mapping, but is {}", node.kind());
        let hint = "write each entry below it, as `name: …` on a line of its own";
        problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    }
    node.entries()
}

/// A length of time between these two.
pub(super) fn duration(
    fields: &mut Fields<'_>,
    key: &'static str,
    range: RangeInclusive<Duration>,
    problems: &mut Diagnostics,
) -> Option<Duration> {
    let node = fields.optional(key)?;
    let text = node.text(&format!("`{key}`"), problems)?;
    let parsed = parse_duration(text);
    match parsed {
        Some(duration) if range.contains(&duration) => return parsed,
        Some(_) => {
            let wrong = format!("`{key}` cannot be {text}");
            let (least, most) = (shown(*range.start()), shown(*range.end()));
            let hint = format!("it is between {least} and {most}");
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
        }
        None => {
            let wrong = format!("{text:?} is not a duration");
            let hint = "write 30s, 5m, 24h, 1h30m, or a number of seconds";
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
        }
    }
    None
}

fn shown(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

pub(super) fn path(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> Option<PathBuf> {
    fields.text(key, problems).map(PathBuf::from)
}

/// An address to listen at, such as `127.0.0.1:8480` or `[::]:8480`.
pub(super) fn address(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> Option<SocketAddr> {
    let node = fields.optional(key)?;
    let text = node.text(&format!("`{key}`"), problems)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let wrong = format!("{text:?} is not an address to listen at");
        let hint = "write an IP address and a port, such as 127.0.0.1:8480 or 0.0.0.0:8480";
        problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    }
    parsed
}

/// `{file: PATH}` or `{environment: NAME}`: where a secret is, never the secret.
pub(super) fn secret(
    node: &Node,
    what: &'static str,
    problems: &mut Diagnostics,
) -> Option<SecretSource> {
    if node.scalar().is_some() {
        let wrong = format!("`{what}` is a secret, and a secret is not written here");
        let hint = "write `{file: PATH}` or `{environment: NAME}`; and replace what was written here, it was seen";
        // The line is not shown: it holds what should not be seen.
        problems.push(
            Diagnostic::error(&node.place, wrong)
                .hint(hint)
                .without_line(),
        );
        return None;
    }
    let mut fields = Fields::of(node, what, problems)?;
    let file = path(&mut fields, "file", problems);
    let environment = fields.text("environment", problems).map(str::to_owned);
    fields.finish(problems);
    match (file, environment) {
        (Some(file), None) => Some(SecretSource::File(file)),
        (None, Some(name)) => Some(SecretSource::Environment(name)),
        _ => {
            let wrong = format!("`{what}` needs one of file and environment");
            let hint = "say where the secret is: `{file: PATH}` or `{environment: NAME}`";
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
            None
        }
    }
}
