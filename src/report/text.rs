//! A plan for a terminal.

use super::notes;
use super::rows::{change_rows, waiting_row};
use super::style::{Ink, Row, Style, clean, count, table};
use crate::pipeline::{Planned, ScopePlan, Wanted};
use crate::plan::{Action, Scope};
use std::collections::BTreeMap;

/// The plan as text; `apply` is the command that applies it.
pub fn plan(wanted: &Wanted, planned: &Planned, apply: &str, style: Style) -> String {
    let mut text = head(wanted, planned, style);
    text.push_str(&changes(planned, style));
    text.push_str(&notes::left_alone(planned, style));
    text.push_str(&notes::held(planned, apply, style));
    text.push_str(&waiting(planned, style));
    text.push_str(&notes::blocked(planned, style));
    text.push_str(&notes::unread(planned, style));
    text.push_str(&notes::findings(planned, style));
    text.push('\n');
    if wanted.problems.has_errors() && planned.is_in_sync() && !planned.has_unread() {
        text.push_str("No changes in what could be read; the rest has errors.");
    } else {
        text.push_str(&summary(planned));
    }
    text.push('\n');
    text
}

/// A plan that was shown before, in two lines; what nobody could see in it then is told whole.
pub fn plan_again(wanted: &Wanted, planned: &Planned, style: Style) -> String {
    format!(
        "{}{}{}{}{}\n",
        head(wanted, planned, style),
        notes::left_alone(planned, style),
        notes::blocked(planned, style),
        notes::unread(planned, style),
        summary(planned)
    )
}

fn head(wanted: &Wanted, planned: &Planned, style: Style) -> String {
    // What could not be read was not looked at.
    let looked_at: usize = planned
        .sheets()
        .map(|sheet| sheet.looked_at.saturating_sub(sheet.unread.len()))
        .sum();
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
    format!(
        "{}   {}\n",
        style.paint(Ink::Strong, &head),
        style.paint(Ink::Quiet, &facts)
    )
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

fn waiting(planned: &Planned, style: Style) -> String {
    let rows: Vec<Row> = planned
        .sheets()
        .flat_map(|sheet| &sheet.waiting)
        .map(waiting_row)
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n  {}\n{}",
        style.paint(Ink::Strong, "waiting"),
        table(&rows, 2, style)
    )
}

/// `1 to create in Vault; 2 to change in clusters; 1 held.`
pub(super) fn summary(planned: &Planned) -> String {
    let mut parts = Vec::new();
    for (place, is_here) in [("Vault", true), ("clusters", false)] {
        let changes = planned.scopes.iter().flat_map(ScopePlan::to_write);
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
    let left_alone = planned.scopes.iter();
    let left_alone = left_alone.filter(|scope| scope.forbidden.is_some());
    let left_alone = left_alone.map(|scope| scope.guarded.approved.changes().len());
    tail(left_alone.sum(), "left alone");
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
