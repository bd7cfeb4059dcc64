//! What is no change: what is wrong, what nobody can say, and what the servers said.

use super::super::words;
use super::{LONGEST_NAME, MOST_ITEMS, NAMED, OPEN_ITEMS};
use crate::report::phrase::Phrase;
use crate::review::{Answer, Problem, Review, Unknown, Verdict};

pub(super) struct List {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) number: usize,
    pub(super) entries: Vec<Entry>,
    pub(super) is_folded: bool,
}

impl List {
    fn new(
        id: &'static str,
        title: &'static str,
        about: &'static str,
        entries: impl ExactSizeIterator<Item = Entry>,
    ) -> Option<Self> {
        let number = entries.len();
        (number > 0).then(|| Self {
            id,
            title,
            about,
            number,
            entries: entries.take(MOST_ITEMS).collect(),
            is_folded: number > OPEN_ITEMS,
        })
    }

    pub(super) fn more(&self) -> usize {
        self.number - self.entries.len()
    }
}

pub(super) struct Entry {
    pub(super) tone: &'static str,
    pub(super) what: Phrase,
    pub(super) why: Phrase,
    pub(super) place: String,
}

pub(super) fn refuted(review: &Review) -> Vec<List> {
    let about = "What the change rests on, and is not so.";
    let list = answered(review, "refuted", "Refuted by the servers", about);
    list.into_iter().collect()
}

pub(super) fn doubts(review: &Review) -> Vec<List> {
    let problems = List::new(
        "problems",
        "New problems",
        "Errors and warnings that the base does not have.",
        review.problems.new.iter().map(problem),
    );
    let unknown = List::new(
        "unknown",
        "Not known",
        "What nobody can say, and why.",
        review.unknown.iter().map(not_known),
    );
    problems.into_iter().chain(unknown).collect()
}

pub(super) fn answers(review: &Review) -> Vec<List> {
    let about = "What no server could say.";
    let open = answered(review, "open", "Not answered by the servers", about);
    let about = "What was asked, and is so.";
    let proven = answered(review, "proven", "Proven by the servers", about);
    let proven = proven.map(|list| List {
        is_folded: true,
        ..list
    });
    open.into_iter().chain(proven).collect()
}

fn answered(
    review: &Review,
    verdict: &'static str,
    title: &'static str,
    about: &'static str,
) -> Option<List> {
    let answers = review.proof.iter().flat_map(|proof| &proof.answers);
    let own = answers.filter(|answer| words::told(answer).verdict == verdict);
    let own: Vec<&Answer> = own.collect();
    List::new(verdict, title, about, own.into_iter().map(answer))
}

fn not_known(unknown: &Unknown) -> Entry {
    Entry {
        tone: "unknown",
        what: Phrase::default().mixed(&unknown.what),
        why: Phrase::default().mixed(&unknown.why),
        place: String::new(),
    }
}

fn problem(problem: &Problem) -> Entry {
    let (tone, word) = if problem.error {
        ("bad", "error: ")
    } else {
        ("careful", "warning: ")
    };
    let hint = problem.hint.as_deref().unwrap_or_default();
    Entry {
        tone,
        what: Phrase::default().ours(word).mixed(&problem.message),
        why: Phrase::default().mixed(hint),
        place: problem.place.to_string(),
    }
}

fn answer(answer: &Answer) -> Entry {
    let told = words::told(answer);
    let clusters = words::names(&answer.clusters, NAMED);
    let mut what = told.what;
    if !clusters.is_empty() {
        what = what.ours(", in ").then(clusters);
    }
    Entry {
        tone: match answer.verdict {
            Verdict::Refuted { .. } => "bad",
            Verdict::Open { .. } => "unknown",
            Verdict::Proven { .. } => "good",
        },
        what: what.shortened(LONGEST_NAME),
        why: told.why.shortened(LONGEST_NAME),
        place: answer
            .place
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}
