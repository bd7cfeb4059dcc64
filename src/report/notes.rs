//! What is held, blocked, not known, or good to know: each with its reason and what to do.

use super::rows::{change_rows, scope_word};
use super::style::{Ink, Style, clean, table, wrapped};
use crate::diagnostics::Place;
use crate::observe::Failure;
use crate::pipeline::Planned;
use crate::plan::{Blocked, Finding, Release, Scope, Unread};
use std::collections::BTreeSet;

pub(super) fn held(planned: &Planned, style: Style) -> String {
    let mut text = String::new();
    for held in planned.held() {
        let mut rows = change_rows(&held.change);
        if let Some(first) = rows.first_mut() {
            first[0] = (Ink::Careful, "!".to_owned());
            first[2].1 = format!("{} {}", scope_word(&held.change.target.scope), first[2].1);
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
                "       why: {}\n       {}\n",
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

pub(super) fn blocked(planned: &Planned, style: Style) -> String {
    let all: Vec<&Blocked> = planned.sheets().flat_map(|sheet| &sheet.blocked).collect();
    let texts = all.into_iter().map(|blocked| {
        let place = blocked.place.as_ref().map(Place::line);
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

pub(super) fn unread(planned: &Planned, style: Style) -> String {
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

pub(super) fn findings(planned: &Planned, style: Style) -> String {
    let mut all: Vec<&Finding> = planned.sheets().flat_map(|sheet| &sheet.findings).collect();
    all.sort();
    all.dedup();
    let texts = all.into_iter().map(|finding| {
        let place = finding.place.as_ref().map(Place::line);
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
    lines.push_str(&indented(&clean(text), style.width));
    if let Some(hint) = hint {
        lines.push_str(&style.paint(
            Ink::Quiet,
            indented(&clean(hint), style.width).trim_end_matches('\n'),
        ));
        lines.push('\n');
    }
    if let Some(place) = place {
        lines.push_str(&format!("    {}\n", style.paint(Ink::Quiet, &clean(place))));
    }
    lines
}

/// Words in lines of the window's width, four columns in.
fn indented(text: &str, width: usize) -> String {
    let lines = wrapped(text, width.max(40) - 4).into_iter();
    lines.map(|line| format!("    {line}\n")).collect()
}
