//! A message for an incoming webhook of Slack, or of what understands the same.

use super::chat;
use super::words::{self, Phrase};
use crate::drift::Report;
use serde_json::{Value, json};

/// Slack takes 3,000 characters in a section and 150 in a header.
const LONGEST_SECTION: usize = 3_000;
const LONGEST_HEADER: usize = 150;

/// The message; `whole` says where the whole report is.
pub fn slack(report: &Report, whole: Option<&str>) -> Value {
    let (chosen, more) = chat::chosen(report, chat::MOST_LINES);
    let title = format!("Drift: {}", words::title(report).plain());
    let summary = words::summary(report);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": cut(&title, LONGEST_HEADER), "emoji": false}}),
        section(&format!("*{}*", escaped(&summary))),
    ];
    blocks.extend(chosen.iter().map(|told| {
        let line = shown(&chat::line(report, told));
        let details = shown(&chat::details(told));
        section(format!("{line}\n{details}").trim_end())
    }));
    blocks.extend(chat::unseen(report).map(|line| section(&shown(&line))));
    let mut context: Vec<String> = words::circumstances(report).iter().map(shown).collect();
    context.extend(chat::rest(more, whole).map(|text| escaped(&text)));
    let context = cut(&context.join(" · "), LONGEST_SECTION);
    blocks.push(json!({"type": "context", "elements": [mrkdwn(&context)]}));
    json!({ "text": escaped(&format!("Drift: {}: {summary}", words::name(report).plain())), "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(&cut(text, LONGEST_SECTION))})
}

/// Verbatim: what looks like an address, a channel or a person stays text.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn shown(phrase: &Phrase) -> String {
    phrase.show(escaped, |theirs| {
        format!("`{}`", escaped(&theirs.replace('`', "ʼ")))
    })
}

/// The three characters by which Slack makes links and mentions.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest - 1).chain(['…']).collect(),
    }
}
