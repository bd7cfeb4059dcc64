//! What is held, blocked, not known, or good to know: each with its reason and what to do.

use super::rows::{change_rows, scope_word, target_words};
use super::style::{Ink, Style, clean, count, table, wrapped};
use crate::desire::WhyNot;
use crate::diagnostics::Place;
use crate::observe::Failure;
use crate::pipeline::{Planned, ScopePlan};
use crate::plan::{Blocked, Finding, Release, Scope, Target};
use std::collections::{BTreeMap, BTreeSet};

/// How many clusters are named where one reason is that of many.
const SHOWN_CLUSTERS: usize = 8;

/// `apply` is how a person applies what is shown: the command with its repository.
pub(super) fn held(planned: &Planned, apply: &str, style: Style) -> String {
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
                    let id = held.change.id();
                    format!("release: {apply} --approve {id}, or an Approval of {id} in git")
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

/// Where nothing is written for now though something would be, by the reason: a fleet's is that of all its clusters.
pub(super) fn left_alone(planned: &Planned, style: Style) -> String {
    let mut reasons: Vec<(&WhyNot, Vec<&Scope>)> = Vec::new();
    for scope in planned.scopes.iter().filter(|scope| has_work(scope)) {
        let Some(why) = &scope.forbidden else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, scopes)) => scopes.push(&scope.scope),
            None => reasons.push((why, vec![&scope.scope])),
        }
    }
    let texts = reasons.into_iter().map(|(why, scopes)| {
        let head = if scopes.len() > SHOWN_CLUSTERS {
            count(scopes.len(), "scope")
        } else {
            let names: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            names.join(", ")
        };
        let place = why.place().map(Place::line);
        let sigil = ('=', Ink::Careful);
        let text = why.to_string();
        note(
            sigil,
            &head,
            &text,
            Some(lifted(why)),
            place.as_deref(),
            style,
        )
    });
    titled("left alone, nothing is written", texts, style)
}

fn has_work(scope: &ScopePlan) -> bool {
    !scope.guarded.approved.is_empty() || !scope.guarded.sheet.waiting.is_empty()
}

fn lifted(why: &WhyNot) -> &'static str {
    match why {
        WhyNot::Suspended(_) => "remove `suspend` in git to go on",
        WhyNot::ReportOnly { .. } => "write `mode: apply` in git to have it written",
        WhyNot::Windows { .. } => "`apply --ignore-windows` does not wait",
    }
}

/// Why nothing may be written, with its place and what to do, in one line.
pub fn why_not(why: &WhyNot) -> String {
    let place = why.place().map(|place| format!(" ({})", place.line()));
    clean(&format!(
        "{why}{}; {}",
        place.unwrap_or_default(),
        lifted(why)
    ))
}

pub(super) fn blocked(planned: &Planned, style: Style) -> String {
    let all: Vec<&Blocked> = planned.sheets().flat_map(|sheet| &sheet.blocked).collect();
    let texts = all.into_iter().map(|blocked| {
        let place = blocked.place.as_ref().map(Place::line);
        let status = blocked
            .status
            .map(|status| format!(" (status {status})"))
            .unwrap_or_default();
        note(
            ('x', Ink::Bad),
            &target_words(&blocked.target),
            &format!("{}{status}", blocked.why),
            blocked.hint.as_deref(),
            place.as_deref(),
            style,
        )
    });
    titled("blocked", texts, style)
}

/// What could not be read, by the reason: a cluster that is down fails every read the same way, and so does a Vault, for all
/// its clusters.
pub(super) fn unread(planned: &Planned, style: Style) -> String {
    let mut by_failure: BTreeMap<&Failure, Vec<&Target>> = BTreeMap::new();
    let mut order = Vec::new();
    for unread in planned.sheets().flat_map(|sheet| &sheet.unread) {
        let targets = by_failure.entry(&unread.failure).or_insert_with(|| {
            order.push(&unread.failure);
            Vec::new()
        });
        targets.push(&unread.target);
    }
    let texts = order.into_iter().map(|failure| {
        note(
            ('?', Ink::Bad),
            &unread_head(&by_failure[failure]),
            &failure.to_string(),
            failure.hint.as_deref(),
            None,
            style,
        )
    });
    titled("not known", texts, style)
}

/// One object by its name; several by the servers that they are on. What a Vault hides of its clusters is the Vault's.
fn unread_head(targets: &[&Target]) -> String {
    if let [one] = targets {
        return target_words(one);
    }
    let scopes: BTreeSet<&Scope> = targets.iter().map(|target| &target.scope).collect();
    let is_vault = |scope: &&&Scope| matches!(scope, Scope::Vault(_));
    let vaults: Vec<String> = scopes
        .iter()
        .filter(is_vault)
        .map(ToString::to_string)
        .collect();
    let servers = match (vaults.is_empty(), scopes.len()) {
        (false, _) => vaults.join(", "),
        (true, number) if number > SHOWN_CLUSTERS => count(number, "cluster"),
        (true, _) => {
            let names: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            names.join(", ")
        }
    };
    format!("{servers} ({})", count(targets.len(), "object"))
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
