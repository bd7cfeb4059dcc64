//! What the servers said of a change, or that none was asked.

use crate::report::phrase::Phrase;
use crate::review::{Answer, Meaning, Question, Review, SecretMove, Verdict};

/// One answer.
pub(in crate::report::review) struct Told {
    /// `refuted`, `open`, `proven`.
    pub(in crate::report::review) verdict: &'static str,
    pub(in crate::report::review) what: Phrase,
    /// Empty where there is nothing to explain.
    pub(in crate::report::review) why: Phrase,
}

pub(in crate::report::review) fn told(answer: &Answer) -> Told {
    let (verdict, why) = match &answer.verdict {
        Verdict::Refuted { why } => ("refuted", Phrase::default().mixed(why)),
        Verdict::Open { why } => ("open", Phrase::default().mixed(why)),
        Verdict::Proven { version: None } => ("proven", Phrase::default()),
        Verdict::Proven {
            version: Some(version),
        } => (
            "proven",
            Phrase::default().ours(format!("version {version}")),
        ),
    };
    Told {
        verdict,
        what: question(&answer.question),
        why,
    }
}

fn question(question: &Question) -> Phrase {
    match question {
        Question::Readable {
            vault,
            path,
            property,
            role,
        } => {
            let path = Phrase::default().ours("path ").theirs(path);
            let path = match property {
                Some(property) => path.ours(" # ").theirs(property),
                None => path,
            };
            path.ours(" is in Vault ")
                .theirs(vault)
                .ours(", and ")
                .theirs(role)
                .ours(" may read it")
        }
        Question::NameIsFree { secret } => Phrase::default()
            .ours("the name ")
            .theirs(secret)
            .ours(" is free"),
    }
}

/// What a change rests on that nobody was asked; `None` where a server was asked, or the change rests on nothing of theirs.
pub(in crate::report::review) fn unproven(review: &Review) -> Option<&'static str> {
    if review.proof.is_some() {
        return None;
    }
    let secrets = review
        .changes
        .iter()
        .filter_map(|change| match &change.meaning {
            Meaning::Secret(secret) => Some(secret),
            _ => None,
        });
    let (mut reads, mut names) = (false, false);
    for secret in secrets {
        reads |= secret.keys.iter().any(|key| key.after.is_some());
        names |= !matches!(secret.how, SecretMove::Lost | SecretMove::Changed);
    }
    match (reads, names) {
        (true, true) => Some(
            "Not proven, since no server was asked: that the paths exist and hold these properties, that the roles may read \
             them there, and that the names of new Secrets are free.",
        ),
        (true, false) => Some(
            "Not proven, since no server was asked: that the paths exist and hold these properties, and that the roles may \
             read them there.",
        ),
        (false, true) => {
            Some("Not proven, since no server was asked: that the names of new Secrets are free.")
        }
        (false, false) => None,
    }
}
