//! What became of a plan, step by step and at the end.

use super::notes;
use super::rows::target_words;
use super::style::{Ink, Style, clean, count};
use super::text::summary;
use crate::apply::{Outcome, StepResult};
use crate::pipeline::Applied;
use crate::plan::Action;

/// A step as it ends.
pub fn outcome_line(outcome: &Outcome, style: Style) -> String {
    let change = &outcome.change;
    let target = clean(&target_words(&change.target));
    match &outcome.result {
        StepResult::Done => {
            let word = match change.action {
                Action::Create => "created",
                Action::Update => "changed",
                Action::Delete => "deleted",
            };
            format!("  {} {target} {word}", style.paint(Ink::Good, "✓"))
        }
        StepResult::Failed(failure) => {
            let hint = failure
                .hint
                .as_ref()
                .map(|hint| format!("\n      {}", style.paint(Ink::Quiet, &clean(hint))))
                .unwrap_or_default();
            format!(
                "  {} {target}\n      {}{hint}",
                style.paint(Ink::Bad, "✗"),
                clean(&failure.to_string())
            )
        }
        StepResult::Skipped { because } => format!(
            "  {} {target}: not tried, {} failed",
            style.paint(Ink::Careful, "-"),
            clean(&because.to_string())
        ),
    }
}

/// What an apply did and left; `apply` is the command that goes on.
pub fn applied(applied: &Applied, apply: &str, style: Style) -> String {
    let number = |is_it: fn(&StepResult) -> bool| {
        applied
            .outcomes
            .iter()
            .filter(|outcome| is_it(&outcome.result))
            .count()
    };
    let done = number(|result| *result == StepResult::Done);
    let failed = number(|result| matches!(result, StepResult::Failed(_)));
    let skipped = number(|result| matches!(result, StepResult::Skipped { .. }));
    let mut text = format!(
        "{} in {}",
        count(done, "write"),
        count(applied.rounds, "round")
    );
    if failed + skipped > 0 {
        text.push_str(&style.paint(Ink::Bad, &format!("; {failed} failed, {skipped} not tried")));
    }
    text.push_str(".\n");
    if !applied.unannounced.is_empty() {
        let number = applied.unannounced.len();
        text.push_str(&format!(
            "{} turned up that {} not shown before: run plan again.\n",
            count(number, "change"),
            if number == 1 { "was" } else { "were" }
        ));
    }
    if let Some(left) = &applied.left {
        text.push_str(&notes::left_alone(left, style));
        text.push_str(&notes::held(left, apply, style));
        text.push_str(&notes::blocked(left, style));
        text.push_str(&notes::unread(left, style));
        if !left.is_in_sync() || left.has_unread() {
            text.push_str(&format!("Left: {}\n", summary(left)));
        } else if applied.unannounced.is_empty() {
            text.push_str("Everything is as declared.\n");
        }
    }
    text
}
