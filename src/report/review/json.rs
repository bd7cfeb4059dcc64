//! The review as data, whole: for tools that decide, and for those that show it in their own way.

use super::{About, Reviewed, words};
use crate::report::machine;
use crate::review::{Review, Verdict};
use serde::Serialize;

/// The version of the form. A field that is added makes no new one.
pub const SCHEMA: &str = "keyfleet.dev/review/v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    about: &'a About,
    summary: Summary,
    review: &'a Review,
}

/// What a gate asks first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    /// Whether a person should look before it is merged.
    critical: bool,
    /// In one sentence.
    text: String,
    changes: usize,
    critical_changes: usize,
    clusters: usize,
    unknown: usize,
    errors: usize,
    warnings: usize,
    /// `null` where no server was asked.
    proof: Option<Answers>,
}

#[derive(Default, Serialize)]
struct Answers {
    refuted: usize,
    open: usize,
    proven: usize,
}

pub(super) fn json(reviewed: Reviewed<'_>) -> String {
    machine::json(&Document {
        schema: SCHEMA,
        about: reviewed.about,
        summary: summary(reviewed),
        review: reviewed.review,
    })
}

fn summary(reviewed: Reviewed<'_>) -> Summary {
    let review = reviewed.review;
    let errors = review.problems.errors().count();
    Summary {
        critical: review.is_critical(),
        text: words::summary(reviewed),
        changes: review.changes.len(),
        critical_changes: review.critical().count(),
        clusters: words::reach(review),
        unknown: review.unknown.len(),
        errors,
        warnings: review.problems.new.len() - errors,
        proof: review.proof.as_ref().map(|proof| {
            let mut answers = Answers::default();
            for answer in &proof.answers {
                match answer.verdict {
                    Verdict::Refuted { .. } => answers.refuted += 1,
                    Verdict::Open { .. } => answers.open += 1,
                    Verdict::Proven { .. } => answers.proven += 1,
                }
            }
            answers
        }),
    }
}
