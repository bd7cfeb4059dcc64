//! One finding: what, where, how, by whom, since when, and what became of it.

use super::{HINT, Phrase, moment};
use crate::drift::{
    Class, Item, Object, Report, Resolution, Resolved, Since, State, Told, ToldBy, What, Where,
};
use crate::plan::{Cause, Concern, FieldChange, Kind};
use crate::report::style::clean;
use jiff::Timestamp;

pub(in crate::report::drift) fn object(object: &Object) -> Phrase {
    let Object { place, kind, name } = object;
    match kind {
        Some(kind) => Phrase::default()
            .ours(format!("{} ", word(*kind)))
            .theirs(name),
        None => scope(place),
    }
}

/// What a person who does not know the plan's columns calls it.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::KvMount => "KV mount",
        Kind::AuthMount => "auth mount",
        Kind::AuthConfig => "auth config",
        Kind::ServiceAccount => "service account",
        Kind::Policy | Kind::Role | Kind::Namespace | Kind::Binding | Kind::Secret => kind.word(),
    }
}

pub(in crate::report::drift) fn scope(place: &Where) -> Phrase {
    match place {
        Where::Vault(name) => Phrase::default().ours("vault ").theirs(name),
        Where::Cluster(name) => Phrase::default().ours("cluster ").theirs(name),
    }
}

/// Whether it was found before; nothing where there is no before.
pub(in crate::report::drift) fn state(report: &Report, told: &Told) -> &'static str {
    match (told.state, report.since) {
        (State::Resolved, _) => "resolved",
        (_, None) => "",
        (State::New, _) => "new",
        (State::Known, _) => "known",
    }
}

/// What differs, a line each. A finding's `before` is what is there, its `after` what is declared.
pub(in crate::report::drift) fn fields(item: &Item) -> Vec<Phrase> {
    let mut lines: Vec<Phrase> = item.fields.iter().map(field).collect();
    if item.more_fields > 0 {
        lines.push(Phrase::default().ours(format!("and {} more", item.more_fields)));
    }
    let says_something = item.what != What::Differs || lines.is_empty();
    if says_something && !item.summary.is_empty() {
        lines.insert(0, Phrase::default().mixed(&item.summary));
    }
    if let Some(held) = &item.held {
        let why: Phrase = Phrase::default().ours("held: ").mixed(&held.why.join("; "));
        lines.push(why.ours(" (").theirs(&held.id).ours(")"));
    }
    if let Some(hint) = &item.hint {
        lines.push(Phrase::default().ours(HINT).mixed(hint));
    }
    lines
}

fn field(change: &FieldChange) -> Phrase {
    let FieldChange {
        field,
        before,
        after,
    } = change;
    let named = Phrase::default();
    match (before, after) {
        (Some(is), Some(should)) => named
            .theirs(field)
            .ours(": ")
            .theirs(is)
            .ours(" instead of ")
            .theirs(should),
        (Some(is), None) => named
            .theirs(field)
            .ours(": ")
            .theirs(is)
            .ours(" is not declared"),
        (None, Some(should)) => named
            .theirs(field)
            .ours(": ")
            .theirs(should)
            .ours(" is missing"),
        (None, None) => of_key(field),
    }
}

/// A plan says what it would do with a key of a Secret; here, what is wrong with it.
fn of_key(field: &str) -> Phrase {
    let endings = [
        (" changed", " differs"),
        (" added", " is missing"),
        (" removed", " is not declared"),
    ];
    for (done, is) in endings {
        if let Some(key) = field.strip_suffix(done) {
            let (kind, name) = key.split_once(' ').unwrap_or(("", key));
            let gap = if kind.is_empty() { "" } else { " " };
            return Phrase::default()
                .ours(format!("{}{gap}", clean(kind)))
                .theirs(name)
                .ours(is);
        }
    }
    Phrase::default().theirs(field)
}

/// Who did it and since when; and what became of it.
pub(in crate::report::drift) fn story(report: &Report, told: &Told) -> Phrase {
    let mut story = cause(told);
    if told.state != State::Resolved || matches!(told.class, Class::Drift | Class::Unclear) {
        story = join(story, since(report, told));
    }
    if let Some(resolution) = &told.resolved {
        story = join(story, resolved(told.class, resolution));
    }
    if let Some(again) = told.edited_again {
        story = join(
            story,
            Phrase::default().ours(format!("edited again {}", moment(again))),
        );
    }
    if told.times > 1 {
        story = join(
            story,
            Phrase::default().ours(format!("{} times", told.times)),
        );
    }
    if told.unseen {
        let text = format!("not looked at since {}", moment(told.last_seen));
        story = join(story, Phrase::default().ours(text));
    }
    story
}

fn join(left: Phrase, right: Phrase) -> Phrase {
    if left.is_empty() || right.is_empty() {
        return left.then(right);
    }
    left.ours(", ").then(right)
}

fn cause(told: &Told) -> Phrase {
    let phrase = Phrase::default();
    let verb = match told.item.what {
        What::Missing => "deleted",
        _ => "edited",
    };
    match (&told.item.cause, told.item.what) {
        (Some(Cause::Drift { by: Some(by), .. }), _) => {
            phrase.ours(format!("{verb} by ")).theirs(by)
        }
        (Some(Cause::Drift { by: None, .. }), _) => phrase.ours(format!("{verb} by hand")),
        (
            Some(Cause::Rotation {
                from: Some(from),
                to: Some(to),
            }),
            _,
        ) => phrase.ours(format!("rotation v{from} → v{to}")),
        (Some(Cause::Rotation { .. }), _) => phrase.ours("rotation"),
        (Some(Cause::Adopt), _) => phrase.ours("to be taken over"),
        (_, What::Undeclared) if may_be_declared(&told.item) => {
            phrase.ours("perhaps no longer declared")
        }
        (_, What::Undeclared) => phrase.ours("no longer declared"),
        (_, What::Missing) => phrase.ours("missing"),
        (Some(Cause::Pending), _) => phrase.ours("git asks for it"),
        (Some(Cause::Unrecorded), _) => phrase.ours("by git or by hand"),
        (None, What::Waiting) => phrase.ours("waiting"),
        (None, _) => match told.item.status {
            Some(status) => phrase.ours(format!("status {status}")),
            None => phrase,
        },
    }
}

/// What declares it may be in a file with an error.
fn may_be_declared(item: &Item) -> bool {
    let incomplete = Concern::IncompleteSource.to_string();
    let held = item.held.as_ref();
    held.is_some_and(|held| held.why.contains(&incomplete))
}

fn since(report: &Report, told: &Told) -> Phrase {
    let Since { at, told_by, after } = told.since;
    let text = match (told_by, after) {
        (ToldBy::Server, _) => format!("since {}", moment(at)),
        (ToldBy::FirstSeen, Some(after)) => between(after, at),
        // What this very look saw first says nothing of its age.
        (ToldBy::FirstSeen, None) if at >= report.made => return Phrase::default(),
        (ToldBy::FirstSeen, None) => format!("first seen {}", moment(at)),
    };
    if told.class == Class::Note {
        return Phrase::default();
    }
    Phrase::default().ours(text)
}

/// When it happened: it was still as declared at the first of these.
fn between(after: Timestamp, seen: Timestamp) -> String {
    let (from, to) = (moment(after), moment(seen));
    if from == to {
        return format!("at {to}");
    }
    match (from.strip_suffix(" UTC"), to.get(..11)) {
        (Some(start), Some(day)) if start.starts_with(day) => {
            format!("between {start} and {}", &to[11..])
        }
        (Some(start), _) => format!("between {start} and {to}"),
        _ => format!("between {from} and {to}"),
    }
}

fn resolved(class: Class, resolution: &Resolution) -> Phrase {
    let Resolution { how, at, revision } = resolution;
    let at = moment(*at);
    let phrase = Phrase::default();
    match how {
        Resolved::Written if matches!(class, Class::Drift | Class::Unclear) => {
            phrase.ours(format!("put back by keyfleet {at}"))
        }
        Resolved::Written => phrase.ours(format!("done by keyfleet {at}")),
        Resolved::ByItself => phrase.ours(format!("as declared again {at}")),
        Resolved::Revision => phrase
            .ours(format!("gone by {at}, with revision "))
            .theirs(revision),
        Resolved::Undeclared => phrase
            .ours(format!("not declared any more by {at}, with revision "))
            .theirs(revision),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_happened_is_said_once() {
        let said = |after: &str, seen: &str| {
            let at = |text: &str| format!("2026-11-{text}:07Z").parse().unwrap();
            between(at(after), at(seen))
        };
        for (after, seen, told) in [
            ("28T18:41", "28T18:41", "at 2026-11-28 18:41 UTC"),
            (
                "28T18:41",
                "28T18:43",
                "between 2026-11-28 18:41 and 18:43 UTC",
            ),
            (
                "27T23:59",
                "28T00:01",
                "between 2026-11-27 23:59 and 2026-11-28 00:01 UTC",
            ),
        ] {
            assert_eq!(said(after, seen), told);
        }
    }
}
