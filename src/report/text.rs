//! A plan and what became of it, for a terminal.

use super::style::{Ink, Row, Style, clean, count, table};
use crate::apply::{Outcome, StepResult};
use crate::observe::Failure;
use crate::pipeline::{Applied, Planned, Wanted};
use crate::plan::{Action, Blocked, Cause, Change, Finding, Release, Scope, Unread, Waiting};
use std::collections::{BTreeMap, BTreeSet};

/// How many field changes are shown on their own lines before the rest is counted.
const SHOWN_FIELDS: usize = 12;

/// The plan as text.
pub fn plan(wanted: &Wanted, planned: &Planned, style: Style) -> String {
    let looked_at: usize = planned.sheets().map(|sheet| sheet.looked_at).sum();
    let secrets: usize = planned.sheets().map(|sheet| sheet.secrets.len()).sum();
    let clusters = planned
        .scopes
        .iter()
        .filter(|scope| matches!(scope.scope, Scope::Cluster(_)))
        .count();
    let head = format!("{} @ {}", clean(&wanted.name), wanted.revision);
    let facts = format!(
        "{}, {}, {} looked at",
        count(clusters, "cluster"),
        count(secrets, "secret"),
        count(looked_at, "object")
    );
    let mut text = format!(
        "{}   {}\n",
        style.paint(Ink::Strong, &head),
        style.paint(Ink::Quiet, &facts)
    );
    text.push_str(&changes(planned, style));
    text.push_str(&held(planned, style));
    text.push_str(&section(
        "waiting",
        planned
            .sheets()
            .flat_map(|sheet| &sheet.waiting)
            .map(waiting_row),
        Ink::Quiet,
        style,
    ));
    text.push_str(&blocked(planned, style));
    text.push_str(&unread(planned, style));
    text.push_str(&findings(planned, style));
    text.push('\n');
    if wanted.problems.has_errors() && planned.is_in_sync() && !planned.has_unread() {
        text.push_str("No changes in what could be read; the rest has errors.");
    } else {
        text.push_str(&summary(planned));
    }
    text.push_str(" Nothing was written.\n");
    text
}

/// Changes by the place where they happen: the objects of a cell lie in its Vault and in its cluster.
fn changes(planned: &Planned, style: Style) -> String {
    let mut by_scope: BTreeMap<&Scope, Vec<Row>> = BTreeMap::new();
    for change in planned
        .scopes
        .iter()
        .flat_map(|scope| scope.guarded.approved.changes())
    {
        by_scope
            .entry(&change.target.scope)
            .or_default()
            .extend(change_rows(change));
    }
    by_scope
        .into_iter()
        .map(|(scope, rows)| {
            format!(
                "\n  {}\n{}",
                style.paint(Ink::Strong, &scope.to_string()),
                table(&rows, 2, style)
            )
        })
        .collect()
}

fn sigil(action: Action) -> (Ink, String) {
    match action {
        Action::Create => (Ink::Good, "+".to_owned()),
        Action::Update => (Ink::Careful, "~".to_owned()),
        Action::Delete => (Ink::Bad, "-".to_owned()),
    }
}

/// One line, or one for each field when there are several.
fn change_rows(change: &Change) -> Vec<Row> {
    let detail = match change.fields.as_slice() {
        [] => change.summary.clone(),
        [field] => field.to_string(),
        fields => count(fields.len(), "field"),
    };
    let plain = |text: String| (Ink::Quiet, text);
    let place = change
        .place
        .as_ref()
        .map(|place| format!("{}:{}", place.file, place.line))
        .unwrap_or_default();
    let mut rows = vec![vec![
        sigil(change.action),
        (Ink::Strong, change.target.kind.word().to_owned()),
        (Ink::Strong, clean(&change.target.name)),
        plain_ink(clean(&detail)),
        (Ink::Careful, cause(&change.cause)),
        plain(clean(&place)),
    ]];
    if change.fields.len() > 1 {
        let shown = change
            .fields
            .iter()
            .take(SHOWN_FIELDS)
            .map(|field| clean(&field.to_string()));
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

fn plain_ink(text: String) -> (Ink, String) {
    (Ink::Strong, text)
}

/// Who moved, in a few words.
pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Pending | Cause::Unrecorded => String::new(),
        Cause::Drift { by, since } => {
            let by = by
                .as_ref()
                .map(|by| format!(" by {}", clean(by)))
                .unwrap_or_default();
            let since = since
                .as_ref()
                .map(|since| format!(", since {}", clean(since)))
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

fn held(planned: &Planned, style: Style) -> String {
    let mut text = String::new();
    for held in planned.held() {
        let mut rows = change_rows(&held.change);
        if let Some(first) = rows.first_mut() {
            first[0] = (Ink::Careful, "!".to_owned());
        }
        text.push_str(&table(&rows, 2, style));
        for why in &held.why {
            let release = match why.release() {
                Release::Approve => {
                    format!("release: keyfleet apply --approve {}", held.change.id())
                }
                Release::Adopt => "release: `adopt: true` in its file".to_owned(),
                Release::FixSource => "release: repair the declaration".to_owned(),
                Release::ByHand => "keyfleet leaves this to a person".to_owned(),
            };
            text.push_str(&format!(
                "       {}\n       {}\n",
                clean(&why.to_string()),
                style.paint(Ink::Quiet, &release)
            ));
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("\n  {}\n{text}", style.paint(Ink::Strong, "held"))
    }
}

fn waiting_row(waiting: &Waiting) -> Row {
    let place = waiting
        .place
        .as_ref()
        .map(|place| format!("{}:{}", place.file, place.line))
        .unwrap_or_default();
    vec![
        (Ink::Quiet, "…".to_owned()),
        (Ink::Strong, waiting.target.kind.word().to_owned()),
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

fn scope_word(scope: &Scope) -> String {
    match scope {
        Scope::Vault(name) => name.to_string(),
        Scope::Cluster(name) => name.to_string(),
    }
}

fn section(title: &str, rows: impl Iterator<Item = Row>, _ink: Ink, style: Style) -> String {
    let rows: Vec<Row> = rows.collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!(
            "\n  {}\n{}",
            style.paint(Ink::Strong, title),
            table(&rows, 2, style)
        )
    }
}

fn blocked(planned: &Planned, style: Style) -> String {
    let all: Vec<&Blocked> = planned.sheets().flat_map(|sheet| &sheet.blocked).collect();
    let texts = all.into_iter().map(|blocked| {
        let place = blocked
            .place
            .as_ref()
            .map(|place| format!("{}:{}", place.file, place.line));
        let status = blocked
            .status
            .map(|status| format!(" (status {status})"))
            .unwrap_or_default();
        let head = format!(
            "{} {} {}",
            scope_word(&blocked.target.scope),
            blocked.target.kind.word(),
            blocked.target.name
        );
        note(
            ('x', Ink::Bad),
            &head,
            &format!("{}{status}", blocked.why),
            blocked.hint.as_deref(),
            place.as_deref(),
            style,
        )
    });
    titled("blocked", texts, style)
}

fn unread(planned: &Planned, style: Style) -> String {
    let all = || planned.sheets().flat_map(|sheet| &sheet.unread);
    let is_of_vault = |unread: &Unread| matches!(unread.target.scope, Scope::Vault(_));
    let of_vaults: BTreeSet<&Failure> = all()
        .filter(|unread| is_of_vault(unread))
        .map(|unread| &unread.failure)
        .collect();
    let mut seen = BTreeSet::new();
    // A cluster that is down fails every read the same way: said once. So is a Vault, for all its clusters.
    let all = all()
        .filter(|unread| is_of_vault(unread) || !of_vaults.contains(&unread.failure))
        .filter(|unread| seen.insert((unread.target.scope.clone(), unread.failure.clone())));
    let all: Vec<&Unread> = all.collect();
    let texts = all.into_iter().map(|unread| {
        let head = format!(
            "{} {} {}",
            scope_word(&unread.target.scope),
            unread.target.kind.word(),
            unread.target.name
        );
        note(
            ('?', Ink::Bad),
            &head,
            &unread.failure.to_string(),
            unread.failure.hint.as_deref(),
            None,
            style,
        )
    });
    titled("not known", texts, style)
}

fn findings(planned: &Planned, style: Style) -> String {
    let mut all: Vec<&Finding> = planned.sheets().flat_map(|sheet| &sheet.findings).collect();
    all.sort();
    all.dedup();
    let texts = all.into_iter().map(|finding| {
        let place = finding
            .place
            .as_ref()
            .map(|place| format!("{}:{}", place.file, place.line));
        let sigil = if finding.warning {
            ('!', Ink::Careful)
        } else {
            ('i', Ink::Quiet)
        };
        note(
            sigil,
            &scope_word(&finding.scope),
            &finding.text,
            finding.hint.as_deref(),
            place.as_deref(),
            style,
        )
    });
    titled("to know", texts, style)
}

fn titled(title: &str, texts: impl Iterator<Item = String>, style: Style) -> String {
    let text: String = texts.collect();
    if text.is_empty() {
        text
    } else {
        format!("\n  {}\n{text}", style.paint(Ink::Strong, title))
    }
}

fn note(
    (sigil, ink): (char, Ink),
    head: &str,
    text: &str,
    hint: Option<&str>,
    place: Option<&str>,
    style: Style,
) -> String {
    let mut lines = format!(
        "  {} {}\n",
        style.paint(ink, &sigil.to_string()),
        style.paint(Ink::Strong, &clean(head))
    );
    lines.push_str(&wrapped(&clean(text), style.width));
    if let Some(hint) = hint {
        lines.push_str(&style.paint(
            Ink::Quiet,
            wrapped(&clean(hint), style.width).trim_end_matches('\n'),
        ));
        lines.push('\n');
    }
    if let Some(place) = place {
        lines.push_str(&format!("    {}\n", style.paint(Ink::Quiet, &clean(place))));
    }
    lines
}

/// Words in lines of the window's width, four columns in.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::from("   ");
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() + 1 > width.max(40) && line.trim() != "" {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}

/// `1 to create in Vault; 2 to change in clusters; 1 held.`
pub(super) fn summary(planned: &Planned) -> String {
    let mut parts = Vec::new();
    for (place, is_here) in [("Vault", true), ("clusters", false)] {
        let changes = planned
            .scopes
            .iter()
            .flat_map(|scope| scope.guarded.approved.changes());
        let here: Vec<Action> = changes
            .filter(|change| matches!(change.target.scope, Scope::Vault(_)) == is_here)
            .map(|change| change.action)
            .collect();
        let counted = [
            (Action::Create, "create"),
            (Action::Update, "change"),
            (Action::Delete, "delete"),
        ];
        let words: Vec<String> = counted
            .iter()
            .filter_map(|(action, word)| {
                let number = here.iter().filter(|other| *other == action).count();
                (number > 0).then(|| format!("{number} to {word}"))
            })
            .collect();
        if !words.is_empty() {
            parts.push(format!("{} in {place}", words.join(", ")));
        }
    }
    let mut tail = |number: usize, word: &str| {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    };
    tail(planned.held().count(), "held");
    tail(
        planned.sheets().map(|sheet| sheet.waiting.len()).sum(),
        "waiting",
    );
    tail(
        planned.sheets().map(|sheet| sheet.blocked.len()).sum(),
        "blocked",
    );
    tail(
        planned.sheets().map(|sheet| sheet.unread.len()).sum(),
        "not known",
    );
    if parts.is_empty() {
        "No changes: everything is as declared.".to_owned()
    } else {
        format!("{}.", parts.join("; "))
    }
}

/// A step as it ends.
pub fn outcome_line(outcome: &Outcome, style: Style) -> String {
    let change = &outcome.change;
    let target = format!(
        "{} {} {}",
        scope_word(&change.target.scope),
        change.target.kind.word(),
        clean(&change.target.name)
    );
    match &outcome.result {
        StepResult::Done => {
            let word = match change.action {
                Action::Create => "created",
                Action::Update => "changed",
                Action::Delete => "deleted",
            };
            format!("  {} {target} {word}", style.paint(Ink::Good, "✓"))
        }
        StepResult::Failed(failure) => {
            let hint = failure
                .hint
                .as_ref()
                .map(|hint| format!("\n      {}", style.paint(Ink::Quiet, &clean(hint))))
                .unwrap_or_default();
            format!(
                "  {} {target}\n      {}{hint}",
                style.paint(Ink::Bad, "✗"),
                clean(&failure.to_string())
            )
        }
        StepResult::Skipped { because } => format!(
            "  {} {target}: not tried, {} failed",
            style.paint(Ink::Careful, "-"),
            clean(&because.to_string())
        ),
    }
}

/// What an apply did and left.
pub fn applied(applied: &Applied, style: Style) -> String {
    let number = |is_it: fn(&StepResult) -> bool| {
        applied
            .outcomes
            .iter()
            .filter(|outcome| is_it(&outcome.result))
            .count()
    };
    let done = number(|result| *result == StepResult::Done);
    let failed = number(|result| matches!(result, StepResult::Failed(_)));
    let skipped = number(|result| matches!(result, StepResult::Skipped { .. }));
    let mut text = format!(
        "{} in {}",
        count(done, "write"),
        count(applied.rounds, "round")
    );
    if failed + skipped > 0 {
        text.push_str(&style.paint(Ink::Bad, &format!("; {failed} failed, {skipped} not tried")));
    }
    text.push_str(".\n");
    if !applied.unannounced.is_empty() {
        text.push_str(&format!(
            "{} turned up meanwhile and were not shown before: run plan again.\n",
            count(applied.unannounced.len(), "change")
        ));
    }
    if let Some(left) = &applied.left {
        text.push_str(&held(left, style));
        text.push_str(&blocked(left, style));
        text.push_str(&unread(left, style));
        text.push_str(&format!("Left: {}\n", summary(left)));
    }
    text
}
