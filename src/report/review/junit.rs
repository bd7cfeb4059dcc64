//! A test for each change: one that a person should look at fails, and so CI shows it.

use super::Reviewed;
use super::words::{self, Item, Section};
use crate::report::junit::{Case, Run, Suite, Wrong, clean};
use crate::review::{Answer, Problem, Unknown, Verdict};
use std::collections::BTreeMap;

/// More than this is no list that anybody reads; what is critical comes first.
const MOST_CASES: usize = 2_000;
/// How much is said of one. GitLab takes 30 MB.
const MOST_LINES: usize = 10;
const LONGEST: usize = 300;
/// How many clusters are named.
const NAMED: usize = 6;

pub(super) fn junit(reviewed: Reviewed<'_>) -> String {
    let review = reviewed.review;
    let mut suites = vec![
        suite("new problems", review.problems.new.iter().map(problem)),
        suite("not known", review.unknown.iter().map(not_known)),
    ];
    if let Some(proof) = &review.proof {
        suites.push(suite("servers", proof.answers.iter().map(answer)));
    }
    let sections = words::sections(review);
    let told = sections.iter().filter(|section| !section.is_detail);
    suites.extend(told.map(changes));
    suites.retain(|suite| !suite.cases.is_empty());
    if suites.is_empty() {
        suites.push(suite("review", [case("nothing changes", None)].into_iter()));
    }
    let mut left = MOST_CASES;
    for suite in &mut suites {
        suite.cases.truncate(left);
        left -= suite.cases.len();
    }
    suites.retain(|suite| !suite.cases.is_empty());
    let run = Run {
        name: "keyfleet review",
        made: None,
        suites,
    };
    run.xml()
}

fn suite(name: &str, cases: impl Iterator<Item = Case>) -> Suite {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let numbered = cases.map(|mut case| {
        let number = known.entry(case.name.clone()).or_default();
        *number += 1;
        if *number > 1 {
            case.name.push_str(&format!(" ({number})"));
        }
        case
    });
    Suite {
        name: name.to_owned(),
        cases: numbered.collect(),
    }
}

fn case(name: &str, wrong: Option<Wrong>) -> Case {
    Case {
        name: shortened(name),
        file: None,
        wrong,
    }
}

fn changes(section: &Section<'_>) -> Suite {
    suite(
        &section.title.to_lowercase(),
        section.items.iter().take(MOST_CASES).map(change),
    )
}

fn change(item: &Item<'_>) -> Case {
    let mut name = format!("{} {} {}", item.kind, item.name.plain(), item.says.plain());
    let reach = item.reach(NAMED).plain();
    if !reach.is_empty() {
        name.push_str(&format!(", in {reach}"));
    }
    let place = item.change.places.first();
    Case {
        file: place.map(|place| clean(&place.file)),
        ..case(&name, critical(item))
    }
}

/// Why it fails, if it does.
fn critical(item: &Item<'_>) -> Option<Wrong> {
    let first = item.reasons().first()?;
    let reasons = item.reasons().iter().map(words::plain);
    let lines = item.lines.iter().take(MOST_LINES);
    let lines = lines.map(|(sign, line)| format!("{} {}", sign.text(), line.plain()));
    let place = item.place().map(|place| format!("at {place}"));
    let owners = (!item.change.owners.is_empty()).then(|| {
        format!(
            "owned by {}",
            words::names(&item.change.owners, NAMED).plain()
        )
    });
    let text = reasons.skip(1).chain(lines).chain(place).chain(owners);
    Some(Wrong {
        tag: "failure",
        kind: first.id().to_owned(),
        message: shortened(&words::plain(first)),
        text: text
            .map(|line| shortened(&line))
            .collect::<Vec<_>>()
            .join("\n"),
    })
}

fn problem(problem: &Problem) -> Case {
    let (tag, kind) = if problem.error {
        ("error", "declaration-error")
    } else {
        ("failure", "declaration-warning")
    };
    let wrong = wrong(tag, kind, &problem.message, problem.hint.as_deref());
    Case {
        file: Some(clean(&problem.place.file)),
        ..case(&problem.place.to_string(), Some(wrong))
    }
}

fn not_known(unknown: &Unknown) -> Case {
    let wrong = wrong("error", "not-known", &unknown.why, None);
    case(&unknown.what, Some(wrong))
}

fn answer(answer: &Answer) -> Case {
    let told = words::told(answer);
    let why = match &answer.verdict {
        Verdict::Refuted { why } => Some(wrong("failure", "refuted", why, None)),
        Verdict::Open { why } => Some(wrong("error", "open", why, None)),
        Verdict::Proven { .. } => None,
    };
    Case {
        file: answer.place.as_ref().map(|place| clean(&place.file)),
        ..case(&told.what.plain(), why)
    }
}

fn wrong(tag: &'static str, kind: &str, message: &str, text: Option<&str>) -> Wrong {
    Wrong {
        tag,
        kind: kind.to_owned(),
        message: shortened(message),
        text: text
            .map(|text| shortened(&format!("→ {text}")))
            .unwrap_or_default(),
    }
}

fn shortened(text: &str) -> String {
    let mut text = clean(text);
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}
