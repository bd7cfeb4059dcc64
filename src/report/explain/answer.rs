//! Yes, no, or not known: and by what.

use super::super::style::{Ink, Row, Style, clean};
use super::{named, part, place};
use crate::insight::{Answer, May, Stanza};

/// An answer and its reasons.
pub fn answer(answer: &Answer, style: Style) -> String {
    let (ink, word, may) = match answer.may {
        May::Read => (Ink::Careful, "yes", "may read"),
        May::Denied => (Ink::Good, "no", "may not read"),
        May::Unknown => (Ink::Careful, "not known", "whether it may read"),
    };
    let who = clean(&answer.cluster);
    let path = style.paint(Ink::Strong, &clean(&answer.path));
    let word = style.paint(ink, word);
    let mut text = match answer.may {
        May::Unknown => format!("{word}: whether {who} may read {path}\n"),
        May::Read | May::Denied => format!("{word}: {who} {may} {path}\n"),
    };
    let decided = if answer.may == May::Unknown {
        "by what is known here, it is decided by"
    } else {
        "decided by"
    };
    text.push_str(&part(decided, answer.stanzas.iter().map(stanza), style));
    let conditions = answer.conditions.iter();
    let conditions = conditions.map(|it| vec![(Ink::Careful, clean(it))]);
    text.push_str(&part("a request must fulfil", conditions, style));
    text.push_str(&part("what may decide instead", instead(answer), style));
    text.push_str(&about(answer, style));
    text
}

/// The path and what it says, the policy, and where that is written.
pub(super) fn stanza(stanza: &Stanza) -> Row {
    vec![
        (Ink::Strong, clean(&stanza.path)),
        (Ink::Plain, clean(&stanza.says)),
        (Ink::Plain, format!("policy {}", clean(&stanza.policy))),
        (Ink::Quiet, place(stanza.place.as_ref())),
    ]
}

fn instead(answer: &Answer) -> Vec<Row> {
    let templates = answer.templated.iter().map(|pattern| {
        let why = "only Vault can fill it in".to_owned();
        vec![(Ink::Strong, clean(pattern)), (Ink::Quiet, why)]
    });
    let policies = answer.unseen.iter().map(|policy| {
        let why = "not in this repository, and not read from Vault".to_owned();
        vec![
            (Ink::Strong, format!("policy {}", clean(policy))),
            (Ink::Quiet, why),
        ]
    });
    templates.chain(policies).collect()
}

fn about(answer: &Answer, style: Style) -> String {
    let mut text = String::new();
    if answer.by.is_none() {
        text.push_str("\n  no stanza that is known here is about it\n");
    }
    let uses = if answer.uses {
        "a declaration of the cluster reads it"
    } else {
        "no declaration of the cluster reads it"
    };
    text.push_str(&format!(
        "\n  {}\n  {}\n",
        style.paint(
            Ink::Quiet,
            &format!(
                "role {} of vault {}, policies {}",
                clean(&answer.role),
                clean(&answer.vault),
                named(&answer.policies)
            )
        ),
        style.paint(Ink::Quiet, uses)
    ));
    text
}
