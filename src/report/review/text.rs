//! For a terminal.

use super::Reviewed;
use super::words::{self, Item, Section, Sign, Told};
use crate::report::phrase::Phrase;
use crate::report::style::{Ink, Row, Style, clean, count, table, wrapped};
use std::collections::BTreeSet;

/// How many clusters are named in a row.
const NAMED: usize = 3;
/// How many items of a part, and lines of an item, are shown before the rest is counted.
const MOST_ITEMS: usize = 200;
const MOST_LINES: usize = 40;
/// What stands below an item, to the right of its sign.
const HANGING: usize = 7;

/// The review as text. `whole` also shows what follows from other changes.
pub fn text(reviewed: Reviewed<'_>, whole: bool, style: Style) -> String {
    let mut text = format!(
        "{}\n{}",
        style.paint(Ink::Strong, &words::title(reviewed).plain()),
        sum(reviewed, style)
    );
    for note in &reviewed.about.notes {
        text.push_str(&hanging(
            &format!("note: {}", clean(note)),
            0,
            Ink::Careful,
            style,
        ));
    }
    let sections = words::sections(reviewed.review);
    for section in &sections {
        if section.is_detail && !whole {
            let number = section.items.len();
            let follow = if number == 1 {
                "change follows"
            } else {
                "changes follow"
            };
            let line = format!("\n  {number} more {follow} from these: `--all` shows them\n");
            text.push_str(&style.paint(Ink::Quiet, &line));
        } else {
            text.push_str(&part(section, style));
        }
    }
    text.push_str(&unknown(reviewed, style));
    text.push_str(&problems(reviewed, style));
    text.push_str(&proof(reviewed, whole, style));
    text
}

fn sum(reviewed: Reviewed<'_>, style: Style) -> String {
    let ink = if reviewed.review.is_critical() {
        Ink::Bad
    } else {
        Ink::Quiet
    };
    hanging(&format!("{}.", words::summary(reviewed)), 0, ink, style)
}

fn part(section: &Section<'_>, style: Style) -> String {
    let title = section.title.to_lowercase();
    let mut text = format!("\n  {}\n", style.paint(Ink::Strong, &title));
    let shown = section.items.iter().take(MOST_ITEMS);
    if section.id == "critical" {
        text.extend(shown.map(|item| {
            let rows = [row(item)];
            format!(
                "{}{}{}",
                table(&rows, 2, style),
                lines(item, style),
                reasons(item, style)
            )
        }));
    } else {
        let rows: Vec<Row> = shown.clone().map(row).collect();
        // One table, so that columns line up; what belongs to a row stands below it.
        let heads = table_rows(&rows, style);
        text.extend(
            heads
                .into_iter()
                .zip(shown)
                .map(|(head, item)| head + &lines(item, style)),
        );
    }
    if section.items.len() > MOST_ITEMS {
        let more = section.items.len() - MOST_ITEMS;
        text.push_str(&format!("       and {more} more, in `-o json`\n"));
    }
    text
}

/// Each row of a table by itself, which may be several lines.
fn table_rows(rows: &[Row], style: Style) -> Vec<String> {
    let whole = table(rows, 2, style);
    let mut parts: Vec<String> = Vec::new();
    for line in whole.lines() {
        let goes_on = line.starts_with(&" ".repeat(HANGING));
        match parts.last_mut().filter(|_| goes_on) {
            Some(last) => last.push_str(&format!("{line}\n")),
            None => parts.push(format!("{line}\n")),
        }
    }
    parts
}

fn row(item: &Item<'_>) -> Row {
    let place = item.place().unwrap_or_default();
    vec![
        (ink(item.sign), item.sign.text().to_owned()),
        (Ink::Plain, item.kind.to_owned()),
        (Ink::Strong, item.name.plain()),
        (Ink::Plain, item.says.plain()),
        (Ink::Careful, item.reach(NAMED).plain()),
        (Ink::Quiet, clean(&place)),
    ]
}

fn ink(sign: Sign) -> Ink {
    match sign {
        Sign::Comes => Ink::Good,
        Sign::Goes => Ink::Bad,
        Sign::Changes => Ink::Careful,
    }
}

fn lines(item: &Item<'_>, style: Style) -> String {
    let shown = item.lines.iter().take(MOST_LINES);
    let mut text: String = shown
        .map(|(sign, line)| signed(*sign, line, style))
        .collect();
    let more = item.lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        text.push_str(&format!("{}and {more} more\n", " ".repeat(HANGING)));
    }
    text
}

fn signed(sign: Sign, line: &Phrase, style: Style) -> String {
    let mark = style.paint(ink(sign), sign.text());
    format!("{}{mark} {}\n", " ".repeat(HANGING), line.plain())
}

fn reasons(item: &Item<'_>, style: Style) -> String {
    let mut text = String::new();
    for reason in item.reasons() {
        text.push_str(&hanging(
            &clean(&reason.to_string()),
            HANGING,
            Ink::Bad,
            style,
        ));
        let advice = format!("→ {}", reason.advice());
        text.push_str(&hanging(&advice, HANGING, Ink::Quiet, style));
    }
    let owners: Vec<&str> = item.change.owners.iter().map(String::as_str).collect();
    if !owners.is_empty() {
        let line = clean(&format!("owned by {}", owners.join(", ")));
        text.push_str(&hanging(&line, HANGING, Ink::Quiet, style));
    }
    text
}

fn hanging(text: &str, indent: usize, ink: Ink, style: Style) -> String {
    let lines = wrapped(text, style.width.saturating_sub(indent).max(20));
    lines
        .iter()
        .map(|line| format!("{}{}\n", " ".repeat(indent), style.paint(ink, line)))
        .collect()
}

fn unknown(reviewed: Reviewed<'_>, style: Style) -> String {
    let unknown = &reviewed.review.unknown;
    if unknown.is_empty() {
        return String::new();
    }
    let mut text = format!("\n  {}\n", style.paint(Ink::Strong, "not known"));
    for one in unknown.iter().take(MOST_ITEMS) {
        text.push_str(&format!("  ?  {}\n", clean(&one.what)));
        text.push_str(&hanging(&clean(&one.why), HANGING, Ink::Careful, style));
    }
    text
}

fn problems(reviewed: Reviewed<'_>, style: Style) -> String {
    let problems = &reviewed.review.problems;
    if problems.new.is_empty() {
        return String::new();
    }
    let mut text = format!("\n  {}\n", style.paint(Ink::Strong, "new problems"));
    for problem in problems.new.iter().take(MOST_ITEMS) {
        let (word, ink) = if problem.error {
            ("error", Ink::Bad)
        } else {
            ("warning", Ink::Careful)
        };
        let head = format!(
            "{}: {}",
            clean(&problem.place.to_string()),
            clean(&problem.message)
        );
        text.push_str(&format!("  {}  {head}\n", style.paint(ink, word)));
        if let Some(hint) = &problem.hint {
            text.push_str(&hanging(
                &format!("→ {}", clean(hint)),
                HANGING,
                Ink::Quiet,
                style,
            ));
        }
    }
    let files: BTreeSet<&str> = problems.new.iter().map(|it| &*it.place.file).collect();
    if problems.new.len() > MOST_ITEMS {
        text.push_str(&format!("  and more, in {}\n", count(files.len(), "file")));
    }
    text
}

/// What the servers said, or what nobody asked them.
fn proof(reviewed: Reviewed<'_>, whole: bool, style: Style) -> String {
    if let Some(unproven) = words::unproven(reviewed.review) {
        return format!("\n{}", hanging(unproven, 2, Ink::Quiet, style));
    }
    let answers = reviewed
        .review
        .proof
        .iter()
        .flat_map(|proof| &proof.answers);
    let told: Vec<Told> = answers.map(words::told).collect();
    let (proven, others): (Vec<Told>, Vec<Told>) =
        told.into_iter().partition(|told| told.verdict == "proven");
    let mut text = String::new();
    let shown = if whole { &proven[..] } else { &[] };
    for told in others.iter().chain(shown).take(MOST_ITEMS) {
        let ink = match told.verdict {
            "refuted" => Ink::Bad,
            "open" => Ink::Careful,
            _ => Ink::Good,
        };
        text.push_str(&format!(
            "  {}  {}\n",
            style.paint(ink, told.verdict),
            told.what.plain()
        ));
        text.push_str(&hanging(&told.why.plain(), HANGING, Ink::Quiet, style));
    }
    if !proven.is_empty() && !whole {
        let number = proven.len();
        text.push_str(&format!("  {number} proven: `--all` shows them\n"));
    }
    if text.is_empty() {
        return text;
    }
    format!("\n  {}\n{text}", style.paint(Ink::Strong, "the servers"))
}
