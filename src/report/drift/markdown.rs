//! For a git branch or a comment: lists and code spans only. A name in a code span is no mention, no link, no image and no
//! HTML, whatever it is.

use super::words;
use crate::drift::{Report, Told};
use crate::report::markdown::{code, shown};

pub(super) fn markdown(report: &Report) -> String {
    let mut text = format!("# Drift: {}\n\n", shown(&words::title(report)));
    text.push_str(&format!("**{}**\n\n", words::summary(report)));
    let sentences: Vec<String> = words::circumstances(report).iter().map(shown).collect();
    text.push_str(&format!("{}.\n", sentences.join("; ")));
    for section in words::sections(report) {
        text.push_str(&format!(
            "\n## {} ({})\n\n{}.\n\n",
            section.title,
            section.told.len(),
            section.about
        ));
        text.extend(section.told.iter().map(|told| item(report, told)));
    }
    let unseen = words::unseen(report);
    if !unseen.is_empty() {
        text.push_str("\n## Not known\n\nNobody can say how it is there.\n\n");
        let lines = unseen.iter();
        text.extend(lines.map(|one| format!("- {}\n  - {}\n", shown(&one.what), shown(&one.why))));
    }
    text
}

fn item(report: &Report, told: &Told) -> String {
    let state = words::state(report, told);
    let state = if state.is_empty() || told.resolved.is_some() {
        String::new()
    } else {
        format!("**{state}** ")
    };
    let is_whole = told.item.object.kind.is_none();
    let mut parts = vec![format!(
        "{state}{}",
        shown(&words::object(&told.item.object))
    )];
    if !is_whole {
        parts.push(format!(
            "in {}",
            shown(&words::scope(&told.item.object.place))
        ));
    }
    let mut line = parts.join(" ");
    let story = words::story(report, told);
    if !story.is_empty() {
        line.push_str(&format!(": {}", shown(&story)));
    }
    if let Some(place) = &told.item.place {
        line.push_str(&format!(" ({})", code(&place.to_string())));
    }
    let fields = words::fields(&told.item);
    let fields = fields.iter().map(|field| format!("  - {}\n", shown(field)));
    format!("- {line}\n{}", fields.collect::<String>())
}
