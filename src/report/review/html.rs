//! One page that stands alone: no script, nothing from elsewhere, light and dark, on paper too. The map is a picture; what it
//! says stands beside it as a table.

mod lists;
mod picture;

use super::Reviewed;
use super::words::{self, Item, Section, Sign};
use crate::report::phrase::Phrase;
use crate::review::{Change, Review};
use askama::Template;
use lists::List;
use picture::Picture;

/// How many items of a part, lines of an item, and names are shown before the rest is counted.
const MOST_ITEMS: usize = 200;
const MOST_LINES: usize = 40;
const MOST_NAMED: usize = 200;
/// In a long part, an item has fewer lines.
const LONG: usize = 50;
const FEWER_LINES: usize = 8;
/// How many clusters are named before the others are folded.
const NAMED: usize = 6;
/// A part that is longer is folded; of what is critical, only what comes after.
const OPEN_ITEMS: usize = 20;
/// No name is longer.
const LONGEST_NAME: usize = 300;

#[derive(Template)]
#[template(path = "review/report.html")]
struct Page {
    title: Phrase,
    plain_title: String,
    tone: &'static str,
    verdict: String,
    sum: String,
    notes: Vec<String>,
    unproven: Option<&'static str>,
    tiles: Vec<Tile>,
    critical: Vec<Part>,
    picture: Option<Picture>,
    parts: Vec<Part>,
    refuted: Vec<List>,
    doubts: Vec<List>,
    answers: Vec<List>,
    has_variables: bool,
}

struct Tile {
    number: usize,
    words: &'static str,
    tone: &'static str,
    /// The part that it leads to; empty where there is none.
    part: &'static str,
}

struct Part {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    number: usize,
    open: Vec<Row>,
    folded: Vec<Row>,
}

impl Part {
    fn more(&self) -> usize {
        self.number - self.open.len() - self.folded.len()
    }
}

struct Row {
    tone: &'static str,
    sign: &'static str,
    sign_word: &'static str,
    kind: &'static str,
    name: Phrase,
    says: Phrase,
    reach: Phrase,
    /// All of the clusters, where not all of them are named above.
    clusters: Phrase,
    reasons: Vec<words::Reason>,
    lines: Vec<Said>,
    more_lines: usize,
    place: String,
    owners: Phrase,
}

struct Said {
    tone: &'static str,
    sign: &'static str,
    line: Phrase,
}

pub(super) fn html(reviewed: Reviewed<'_>) -> String {
    let review = reviewed.review;
    let sections = words::sections(review);
    let (critical, parts) = sections
        .iter()
        .map(part)
        .partition(|part: &Part| part.id == "critical");
    let title = words::title(reviewed).shortened(LONGEST_NAME);
    let mut page = Page {
        plain_title: title.plain(),
        title,
        tone: tone(reviewed),
        verdict: words::capitalised(&words::verdict(reviewed)),
        sum: words::capitalised(&words::sum(review)),
        notes: reviewed
            .about
            .notes
            .iter()
            .take(MOST_LINES)
            .cloned()
            .collect(),
        unproven: words::unproven(review),
        tiles: Vec::new(),
        critical,
        picture: Picture::of(&sections),
        parts,
        refuted: lists::refuted(review),
        doubts: lists::doubts(review),
        answers: lists::answers(review),
        has_variables: false,
    };
    page.tiles = tiles(reviewed, &sections, &page);
    page.has_variables = review.changes.iter().any(is_with_variables);
    // Texts and numbers: nothing in it can fail to be written.
    page.render().unwrap_or_default()
}

fn is_with_variables(change: &Change) -> bool {
    let meaning = serde_json::to_string(&change.meaning).unwrap_or_default();
    meaning.contains("${cluster.")
}

fn tone(reviewed: Reviewed<'_>) -> &'static str {
    let review = reviewed.review;
    if review.is_critical() || refuted(review) > 0 || review.problems.errors().next().is_some() {
        "bad"
    } else if !review.unknown.is_empty() {
        "unknown"
    } else if review.changes.is_empty() {
        "quiet"
    } else {
        "good"
    }
}

fn refuted(review: &Review) -> usize {
    review.proof.as_ref().map_or(0, |it| it.refuted().count())
}

fn tiles(reviewed: Reviewed<'_>, sections: &[Section<'_>], page: &Page) -> Vec<Tile> {
    let review = reviewed.review;
    let shown = |part: &'static str| {
        let all = page.parts.iter().chain(&page.critical);
        let lists = page.refuted.iter().chain(&page.doubts).map(|list| list.id);
        let is_shown = all.map(|it| it.id).chain(lists).any(|id| id == part);
        if is_shown { part } else { "" }
    };
    let tile = |number: usize, words, tone, part| Tile {
        number,
        words,
        tone: if number > 0 { tone } else { "none" },
        part: shown(part),
    };
    let own = |kind: &str| {
        let items = sections.iter().flat_map(|section| &section.items);
        let own = items.filter(|item| item.kind == kind && item.change.follows.is_none());
        own.count()
    };
    let mut tiles = vec![
        tile(review.critical().count(), "critical", "bad", "critical"),
        tile(words::reach(review), "clusters reached", "quiet", ""),
        tile(own("secret"), "Secrets", "quiet", "secrets"),
        tile(own("access"), "changes of access", "careful", "access"),
    ];
    let others = [
        (refuted(review), "refuted", "bad", "refuted"),
        (review.unknown.len(), "not known", "unknown", "unknown"),
        (
            review.problems.new.len(),
            "new problems",
            "careful",
            "problems",
        ),
    ];
    let others = others.into_iter().filter(|(number, ..)| *number > 0);
    tiles.extend(others.map(|(number, words, tone, part)| tile(number, words, tone, part)));
    tiles
}

fn part(section: &Section<'_>) -> Part {
    let number = section.items.len();
    let most_lines = if number > LONG {
        FEWER_LINES
    } else {
        MOST_LINES
    };
    let rows = section.items.iter().take(MOST_ITEMS);
    let mut open: Vec<Row> = rows.map(|item| row(item, most_lines)).collect();
    let is_long = section.is_detail || number > OPEN_ITEMS;
    let folded = match (section.id, is_long) {
        ("critical", _) => open.split_off(open.len().min(OPEN_ITEMS)),
        (_, true) => std::mem::take(&mut open),
        (_, false) => Vec::new(),
    };
    Part {
        id: section.id,
        title: section.title,
        about: section.about,
        number,
        open,
        folded,
    }
}

fn row(item: &Item<'_>, most_lines: usize) -> Row {
    let short = |phrase: Phrase| phrase.shortened(LONGEST_NAME);
    let reach = item.reach(NAMED);
    let is_cut = item.change.clusters.len() > NAMED;
    let lines = item.lines.iter().take(most_lines);
    let (tone, sign_word) = seen(item.sign);
    Row {
        tone: if item.reasons().is_empty() {
            tone
        } else {
            "bad"
        },
        sign: shown(item.sign),
        sign_word,
        kind: item.kind,
        name: short(item.name.clone()),
        says: short(item.says.clone()),
        reach: short(reach),
        clusters: if is_cut {
            short(item.clusters(MOST_NAMED))
        } else {
            Phrase::default()
        },
        reasons: item.reasons().iter().map(words::reason).collect(),
        lines: lines
            .map(|(sign, line)| Said {
                tone: seen(*sign).0,
                sign: shown(*sign),
                line: short(line.clone()),
            })
            .collect(),
        more_lines: item.lines.len().saturating_sub(most_lines),
        place: item.place().unwrap_or_default(),
        owners: short(words::names(&item.change.owners, NAMED)),
    }
}

/// The colour of a sign, and its word for who hears the page.
fn seen(sign: Sign) -> (&'static str, &'static str) {
    match sign {
        Sign::Comes => ("good", "comes"),
        Sign::Goes => ("bad", "goes"),
        Sign::Changes => ("careful", "changes"),
    }
}

/// As it is set in type.
fn shown(sign: Sign) -> &'static str {
    match sign {
        Sign::Goes => "−",
        other => other.text(),
    }
}
