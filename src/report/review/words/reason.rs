//! Why somebody should look, and what to do first.

use crate::report::clean;
use crate::report::phrase::Phrase;
use crate::review::Critical;

/// One reason.
pub(in crate::report::review) struct Reason {
    pub(in crate::report::review) why: Phrase,
    pub(in crate::report::review) advice: Phrase,
}

/// In one line of plain text.
pub(in crate::report::review) fn plain(critical: &Critical) -> String {
    clean(&format!("{critical} → {}", critical.advice()))
}

pub(in crate::report::review) fn reason(critical: &Critical) -> Reason {
    let why = match critical {
        Critical::Reaches { what } => Phrase::default().ours("the grant ").theirs(what),
        Critical::UnseenPolicy { policy } => Phrase::default()
            .ours("the policy ")
            .theirs(policy)
            .ours(" is not in this repository: what it grants is not known here"),
        own => quoted(&own.to_string()),
    };
    Reason {
        why,
        advice: quoted(critical.advice()),
    }
}

/// Our own words, in which backticks stand around what is to be typed.
fn quoted(text: &str) -> Phrase {
    let parts = text.split('`').enumerate();
    parts.fold(Phrase::default(), |phrase, (index, part)| {
        if index % 2 == 1 {
            phrase.theirs(part)
        } else {
            phrase.ours(part)
        }
    })
}
