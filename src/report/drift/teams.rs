//! An Adaptive Card for an incoming webhook of Microsoft Teams (a workflow).

use super::chat;
use super::words::{self, Phrase};
use crate::drift::{Report, Severity, State, Told};
use serde_json::{Value, json};

/// Teams refuses a message of more than 28 KB.
const MOST_BYTES: usize = 28 * 1024;

/// The message; `whole` says where the whole report is.
pub fn teams(report: &Report, whole: Option<&str>) -> Value {
    let mut most = chat::MOST_LINES;
    loop {
        let message = message(report, whole, most);
        if most == 0 || message.to_string().len() <= MOST_BYTES {
            return message;
        }
        most -= 1;
    }
}

fn message(report: &Report, whole: Option<&str>, most: usize) -> Value {
    let (chosen, more) = chat::chosen(report, most);
    let title = Phrase::default().ours("Drift: ").then(words::title(report));
    let summary = words::summary(report);
    let mut body = vec![
        line(&title, &json!({"size": "Large", "weight": "Bolder"})),
        line(
            &Phrase::default().ours(summary.clone()),
            &json!({"weight": "Bolder"}),
        ),
    ];
    body.extend(chosen.iter().map(|told| finding(report, told)));
    body.extend(chat::unseen(report).map(|unseen| line(&unseen, &json!({"color": "Attention"}))));
    let mut small: Vec<Phrase> = words::circumstances(report);
    small.extend(chat::rest(more, whole).map(|text| Phrase::default().ours(text)));
    body.extend(
        small
            .iter()
            .map(|phrase| line(phrase, &json!({"isSubtle": true, "size": "Small"}))),
    );
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": format!("Drift: {}: {summary}", words::name(report).plain()),
                "msteams": {"width": "Full"},
                "body": body,
            },
        }],
    })
}

fn finding(report: &Report, told: &Told) -> Value {
    let color = match (told.state, told.severity) {
        (State::Resolved, _) => "Good",
        (_, Severity::Error) => "Attention",
        (_, Severity::Warning) => "Warning",
        (_, Severity::Note) => "Default",
    };
    let mut items = vec![line(&chat::line(report, told), &json!({ "color": color }))];
    let details = chat::details(told);
    if !details.is_empty() {
        items.push(line(&details, &json!({"isSubtle": true, "size": "Small"})));
    }
    json!({"type": "Container", "spacing": "Medium", "items": items})
}

/// A rich text: unlike a text block it takes nothing in a name for markup.
fn line(phrase: &Phrase, look: &Value) -> Value {
    let runs: Vec<Value> = phrase
        .0
        .iter()
        .map(|piece| {
            let mut run = json!({"type": "TextRun", "text": piece.text});
            if piece.is_name() {
                run["fontType"] = json!("Monospace");
            }
            if let (Value::Object(run), Value::Object(look)) = (&mut run, look.clone()) {
                run.extend(look);
            }
            run
        })
        .collect();
    json!({"type": "RichTextBlock", "inlines": runs})
}
