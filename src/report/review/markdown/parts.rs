//! The parts of a comment: each a list, open or folded, that can be told in part.

use super::super::words::{self, Item, Section, Told};
use super::{Extent, LONGEST_NAME, name};
use crate::report::count;
use crate::report::markdown::{code, shown};
use crate::report::phrase::Phrase;
use crate::review::{Answer, Problem, Review, Unknown};

/// How many clusters are named in a row.
const NAMED: usize = 3;
/// What is critical stands open as far as somebody reads it in one go.
const OPEN_CRITICAL: usize = 10;
/// Any other part that is longer is folded.
const OPEN_ITEMS: usize = 6;
const OPEN_LINES: usize = 16;

/// A part, not yet told.
pub(super) struct Part<'a> {
    title: &'a str,
    body: Body<'a>,
}

enum Body<'a> {
    Changes(Section<'a>),
    Unknown(&'a [Unknown]),
    Problems(&'a [Problem]),
    /// Answers of one verdict.
    Proof(Vec<&'a Answer>),
}

/// In the order in which they are read.
pub(super) fn parts(review: &Review) -> Vec<Part<'_>> {
    let (mut critical, others): (Vec<_>, Vec<_>) = words::sections(review)
        .into_iter()
        .map(|section| Part {
            title: section.title,
            body: Body::Changes(section),
        })
        .partition(Part::is_critical);
    let mut parts = proof(review);
    let answers_after = parts.split_off(parts.len().min(usize::from(has_refuted(review))));
    let mut all = Vec::new();
    all.append(&mut parts);
    all.append(&mut critical);
    if !review.problems.new.is_empty() {
        all.push(Part {
            title: "New problems",
            body: Body::Problems(&review.problems.new),
        });
    }
    if !review.unknown.is_empty() {
        all.push(Part {
            title: "Not known",
            body: Body::Unknown(&review.unknown),
        });
    }
    all.extend(others);
    all.extend(answers_after);
    all
}

fn has_refuted(review: &Review) -> bool {
    let proof = review.proof.as_ref();
    proof.is_some_and(|proof| proof.refuted().next().is_some())
}

/// Refuted ones first.
fn proof(review: &Review) -> Vec<Part<'_>> {
    let Some(proof) = &review.proof else {
        return Vec::new();
    };
    let verdicts = [
        ("refuted", "Refuted by the servers"),
        ("open", "Not answered by the servers"),
        ("proven", "Proven by the servers"),
    ];
    let parts = verdicts.into_iter().map(|(verdict, title)| {
        let answers = proof.answers.iter();
        let answers = answers.filter(|answer| words::told(answer).verdict == verdict);
        Part {
            title,
            body: Body::Proof(answers.collect()),
        }
    });
    parts.filter(|part| part.number() > 0).collect()
}

impl Part<'_> {
    fn is_critical(&self) -> bool {
        matches!(&self.body, Body::Changes(section) if section.id == "critical")
    }

    fn is_detail(&self) -> bool {
        match &self.body {
            Body::Changes(section) => section.is_detail,
            Body::Proof(answers) => answers
                .first()
                .is_some_and(|answer| words::told(answer).verdict == "proven"),
            Body::Unknown(_) | Body::Problems(_) => false,
        }
    }

    fn number(&self) -> usize {
        match &self.body {
            Body::Changes(section) => section.items.len(),
            Body::Unknown(unknown) => unknown.len(),
            Body::Problems(problems) => problems.len(),
            Body::Proof(answers) => answers.len(),
        }
    }

    /// The first entries, each with its lines. Whether one of these is cut comes with it.
    fn entries(&self, most: usize, lines: usize) -> (Vec<String>, bool) {
        let mut is_whole = true;
        let entries = match &self.body {
            Body::Changes(section) => {
                let items = section.items.iter().take(most);
                let told = items.map(|item| {
                    is_whole &= item.lines.len() <= lines;
                    entry(item, lines)
                });
                told.collect()
            }
            Body::Unknown(unknown) => unknown.iter().take(most).map(not_known).collect(),
            Body::Problems(problems) => problems.iter().take(most).map(problem).collect(),
            Body::Proof(answers) => answers.iter().take(most).map(|it| answer(it)).collect(),
        };
        (entries, is_whole)
    }

    /// The part as far as its extent goes, and whether that is all of it.
    pub(super) fn told(&self, extent: Extent) -> (String, bool) {
        let most = match (self.is_critical(), self.is_detail()) {
            (true, _) => extent.critical,
            (_, true) if !extent.details => 0,
            _ => extent.others,
        };
        let number = self.number();
        let (mut entries, lines_whole) = self.entries(most, extent.lines);
        let is_whole = lines_whole && number <= most;
        if entries.is_empty() {
            return (format!("\n#### {} ({number})\n", self.title), false);
        }
        if number > most {
            entries.push(format!("- and {} more\n", number - most));
        }
        let folded = if self.is_critical() {
            entries.split_off(entries.len().min(OPEN_CRITICAL))
        } else if self.is_detail() || is_long(&entries) {
            std::mem::take(&mut entries)
        } else {
            Vec::new()
        };
        (self.laid_out(&entries, &folded), is_whole)
    }

    fn laid_out(&self, open: &[String], folded: &[String]) -> String {
        let mut text = String::new();
        let title = format!("{} ({})", self.title, self.number());
        if open.is_empty() {
            text.push_str(&fold(&title, folded));
            return text;
        }
        text.push_str(&format!("\n#### {title}\n\n{}", open.concat()));
        if !folded.is_empty() {
            let more = self.number() - open.len();
            text.push_str(&fold(&format!("and {more} more"), folded));
        }
        text
    }
}

fn is_long(entries: &[String]) -> bool {
    let lines = entries.iter().flat_map(|entry| entry.lines());
    entries.len() > OPEN_ITEMS || lines.count() > OPEN_LINES
}

/// Without the empty lines, no forge reads Markdown in it.
fn fold(title: &str, entries: &[String]) -> String {
    format!(
        "\n<details>\n<summary>{title}</summary>\n\n{}\n</details>\n",
        entries.concat()
    )
}

fn entry(item: &Item<'_>, most: usize) -> String {
    let mut text = format!(
        "- {} {} **{}** {}",
        code(item.sign.text()),
        item.kind,
        short(&item.name),
        short(&item.says)
    );
    let reach = item.reach(NAMED);
    if !reach.is_empty() {
        text.push_str(&format!(", in {}", short(&reach)));
    }
    if let Some(place) = item.place() {
        text.push_str(&format!(" ({})", name(&place)));
    }
    text.push('\n');
    for reason in item.reasons().iter().map(words::reason) {
        let (why, advice) = (short(&reason.why), short(&reason.advice));
        text.push_str(&format!("  - {why} → {advice}\n"));
    }
    for (sign, line) in item.lines.iter().take(most) {
        text.push_str(&format!("  - {} {}\n", code(sign.text()), short(line)));
    }
    if item.lines.len() > most {
        let more = count(item.lines.len() - most, "more line");
        text.push_str(&format!("  - and {more}\n"));
    }
    if !item.change.owners.is_empty() {
        let owners = words::names(&item.change.owners, NAMED);
        text.push_str(&format!("  - owned by {}\n", short(&owners)));
    }
    text
}

fn short(phrase: &Phrase) -> String {
    shown(&phrase.clone().shortened(LONGEST_NAME))
}

fn not_known(unknown: &Unknown) -> String {
    format!("- {}: {}\n", name(&unknown.what), name(&unknown.why))
}

fn problem(problem: &Problem) -> String {
    let word = if problem.error { "error" } else { "warning" };
    let mut text = format!(
        "- {word} {}: {}\n",
        name(&problem.place.to_string()),
        name(&problem.message)
    );
    if let Some(hint) = &problem.hint {
        text.push_str(&format!("  - → {}\n", name(hint)));
    }
    text
}

fn answer(answer: &Answer) -> String {
    let Told { what, why, .. } = words::told(answer);
    let mut text = format!("- {}", short(&what));
    if !answer.clusters.is_empty() {
        let clusters = words::names(&answer.clusters, NAMED);
        text.push_str(&format!(", in {}", short(&clusters)));
    }
    if let Some(place) = &answer.place {
        text.push_str(&format!(" ({})", name(&place.line())));
    }
    if !why.is_empty() {
        text.push_str(&format!(": {}", short(&why)));
    }
    text.push('\n');
    text
}
