//! For a git branch or a comment: lists and code spans only. A name in a code span is no mention, no link, no image and no
//! HTML, whatever it is.

use super::words::{self, Phrase};
use crate::drift::{Report, Told};

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

fn shown(phrase: &Phrase) -> String {
    phrase.show(str::to_owned, code)
}

/// A code span that this text cannot leave.
fn code(text: &str) -> String {
    let text = crate::report::clean(text);
    let longest = text.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        return format!("{fence} {text} {fence}");
    }
    format!("{fence}{text}{fence}")
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_code_span_holds_whatever_is_in_it() {
        for (text, span) in [
            ("plain", "`plain`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            (" a", "`  a `"),
            ("a\nb", "`a\u{fffd}b`"),
        ] {
            assert_eq!(code(text), span);
        }
    }
}
