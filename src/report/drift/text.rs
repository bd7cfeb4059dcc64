//! For a terminal or a mail: aligned, and as clear without colour.

use super::words::{self, Section};
use crate::drift::{Report, Severity, State, Told};
use crate::report::style::{Ink, Row, Style, clean, table, wrapped};

/// How far the lines under a title stand.
const INDENT: usize = 2;
/// What stands before a field at most, on a line that goes on the line before it.
const FIELDS: usize = 15;
const NARROWEST: usize = 20;
/// How far the lines of what is not known stand.
const HANGING: usize = 4;

pub fn text(report: &Report, style: Style) -> String {
    let mut text = format!(
        "{}\n",
        style.paint(Ink::Strong, &words::title(report).plain())
    );
    for sentence in words::circumstances(report) {
        for line in wrapped(&sentence.plain(), style.width) {
            text.push_str(&format!("{}\n", style.paint(Ink::Quiet, &line)));
        }
    }
    for section in words::sections(report) {
        text.push_str(&titled(section.title, section.about, style));
        let rows: Vec<Row> = section
            .told
            .iter()
            .flat_map(|told| rows(report, told, &section, style))
            .collect();
        text.push_str(&table(&rows, INDENT, style));
    }
    text.push_str(&unseen(report, style));
    text.push('\n');
    for line in wrapped(&words::summary(report), style.width) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn titled(title: &str, about: &str, style: Style) -> String {
    let title = style.paint(Ink::Strong, title);
    format!(
        "\n  {title}{}\n",
        style.paint(Ink::Quiet, &format!("  {about}"))
    )
}

fn rows(report: &Report, told: &Told, section: &Section<'_>, style: Style) -> Vec<Row> {
    let mut rows = vec![head(report, told, section)];
    let width = style.width.saturating_sub(FIELDS).max(NARROWEST);
    for field in words::fields(&told.item) {
        for (index, line) in wrapped(&field.plain(), width).iter().enumerate() {
            let indent = if index == 0 { "  " } else { "      " };
            rows.push(vec![
                (Ink::Plain, String::new()),
                (Ink::Quiet, format!("{indent}{line}")),
            ]);
        }
    }
    rows
}

fn head(report: &Report, told: &Told, section: &Section<'_>) -> Row {
    let (ink, sign) = match (told.state, told.severity) {
        (State::Resolved, _) => (Ink::Good, "✓"),
        (_, Severity::Error) => (Ink::Bad, "!"),
        (_, Severity::Warning) => (Ink::Careful, "~"),
        (_, Severity::Note) => (Ink::Quiet, "·"),
    };
    let state = match section.name {
        "resolved" => "",
        _ => words::state(report, told),
    };
    let place = told.item.place.as_ref().map(ToString::to_string);
    let where_it_is = words::scope(&told.item.object.place).plain();
    let (what, place_of) = match told.item.object.kind {
        Some(_) => (words::object(&told.item.object).plain(), where_it_is),
        None => (where_it_is, String::new()),
    };
    vec![
        (ink, format!("{sign} {state}").trim_end().to_owned()),
        (Ink::Strong, what),
        (Ink::Plain, place_of),
        (Ink::Careful, words::story(report, told).plain()),
        (Ink::Quiet, clean(&place.unwrap_or_default())),
    ]
}

fn unseen(report: &Report, style: Style) -> String {
    let all = words::unseen(report);
    if all.is_empty() {
        return String::new();
    }
    let mut text = titled("Not known", "Nobody can say how it is there", style);
    let width = style.width.saturating_sub(HANGING);
    for one in all {
        let mut sign = style.paint(Ink::Bad, "?");
        for line in wrapped(&one.what.plain(), width) {
            text.push_str(&format!("  {sign} {line}\n"));
            " ".clone_into(&mut sign);
        }
        for line in wrapped(&one.why.plain(), width) {
            text.push_str(&format!("    {}\n", style.paint(Ink::Quiet, &line)));
        }
    }
    text
}
