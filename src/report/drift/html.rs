//! One file that stands alone: no script, nothing from elsewhere, light and dark, on paper too.

use super::words::{self, Phrase};
use crate::drift::{Report, Severity, State, Told};
use askama::Template;

#[derive(Template)]
#[template(path = "drift/report.html")]
struct Page {
    title: Phrase,
    plain_title: String,
    verdict: Verdict,
    summary: String,
    circumstances: Vec<Phrase>,
    tiles: Vec<Tile>,
    /// What the report is for.
    first: Vec<Part>,
    rest: Vec<Part>,
    unseen: Vec<words::Unseen>,
    scopes: Vec<ScopeRow>,
    declared: usize,
}

/// What the colour of the head says, which its words say too.
#[derive(Clone, Copy)]
struct Verdict {
    class: &'static str,
    words: &'static str,
}

struct Tile {
    /// The part that it leads to; empty where there is none.
    part: &'static str,
    number: usize,
    words: &'static str,
    tone: &'static str,
}

struct Part {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    rows: Vec<Line>,
}

struct Line {
    tone: &'static str,
    severity: &'static str,
    state: &'static str,
    object: Phrase,
    scope: Phrase,
    story: Phrase,
    fields: Vec<Phrase>,
    place: String,
}

struct ScopeRow {
    name: Phrase,
    objects: usize,
    findings: usize,
    looked_at: String,
    is_missed: bool,
}

pub(super) fn html(report: &Report) -> String {
    let is_first = |part: &Part| ["drift", "unclear", "resolved"].contains(&part.name);
    let (first, rest) = parts(report).into_iter().partition(is_first);
    let page = Page {
        title: words::title(report),
        plain_title: words::title(report).plain(),
        verdict: verdict(report),
        summary: words::summary(report),
        circumstances: words::circumstances(report),
        tiles: tiles(report),
        first,
        rest,
        unseen: words::unseen(report),
        scopes: scopes(report),
        declared: report.scopes.iter().map(|scope| scope.objects).sum(),
    };
    // Texts and numbers: nothing in it can fail to be written.
    page.render().unwrap_or_default()
}

fn verdict(report: &Report) -> Verdict {
    let (class, words) = if report.counts.drift + report.counts.unclear > 0 {
        if report.is_partial() {
            ("bad", "Drift found; not everything could be looked at")
        } else {
            ("bad", "Drift found")
        }
    } else if report.is_partial() {
        ("unknown", "Not everything could be looked at")
    } else if report.counts.standing() > 0 {
        ("careful", "No drift; not everything is done")
    } else {
        ("good", "Everything is as declared")
    };
    Verdict { class, words }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let counts = &report.counts;
    let all = [
        ("drift", counts.drift, "changed by hand", "bad"),
        ("unclear", counts.unclear, "by git or by hand", "careful"),
        ("resolved", counts.resolved, "resolved", "good"),
        ("blocked", counts.blocked, "blocked", "careful"),
        ("pending", counts.pending, "pending", "quiet"),
        ("rotation", counts.rotation, "rotation", "quiet"),
        (
            "unseen",
            words::unseen(report).len(),
            "not known",
            "unknown",
        ),
    ];
    let always = ["drift", "resolved", "pending", "unseen"];
    let all = all.into_iter();
    let shown = all.filter(|(part, number, ..)| *number > 0 || always.contains(part));
    shown
        .map(|(part, number, words, tone)| Tile {
            part: if number > 0 { part } else { "" },
            number,
            words,
            tone: if number > 0 { tone } else { "none" },
        })
        .collect()
}

fn parts(report: &Report) -> Vec<Part> {
    let sections = words::sections(report).into_iter();
    sections
        .map(|section| Part {
            name: section.name,
            title: section.title,
            about: section.about,
            rows: section.told.iter().map(|told| line(report, told)).collect(),
        })
        .collect()
}

fn line(report: &Report, told: &Told) -> Line {
    let (tone, severity) = match (told.state, told.severity) {
        (State::Resolved, _) => ("good", "resolved"),
        (_, Severity::Error) => ("bad", "serious"),
        (_, Severity::Warning) => ("careful", "warning"),
        (_, Severity::Note) => ("quiet", "note"),
    };
    let is_whole = told.item.object.kind.is_none();
    let scope = words::scope(&told.item.object.place);
    let place = told.item.place.as_ref().map(ToString::to_string);
    Line {
        tone,
        severity,
        state: words::state(report, told),
        object: words::object(&told.item.object),
        scope: if is_whole { Phrase::default() } else { scope },
        story: words::story(report, told),
        fields: words::fields(&told.item),
        place: crate::report::clean(&place.unwrap_or_default()),
    }
}

fn scopes(report: &Report) -> Vec<ScopeRow> {
    let lines = report.scopes.iter();
    lines
        .map(|line| ScopeRow {
            name: words::scope(&line.scope),
            objects: line.objects,
            findings: report
                .standing()
                .filter(|told| told.scope == line.scope)
                .count(),
            looked_at: line
                .looked_at
                .map_or_else(|| "never".to_owned(), words::moment),
            is_missed: line.missed.is_some(),
        })
        .collect()
}
