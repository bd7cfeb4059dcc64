//! Markdown that means the same in every forge: a name stands in a code span, and is no mention, no link, no image and no HTML
//! there, whatever it is.

use super::phrase::Phrase;

/// A sentence with every name in a code span.
pub(super) fn shown(phrase: &Phrase) -> String {
    phrase.show(str::to_owned, code)
}

/// A code span that this text cannot leave.
pub(super) fn code(text: &str) -> String {
    let text = super::clean(text);
    let longest = text.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    // Without a space, a backtick would lengthen the fence, and a span of spaces alone would be shown as its backticks.
    if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
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
            ("", "`  `"),
            ("a\nb", "`a\u{fffd}b`"),
            ("a\u{200b}b", "`a\u{fffd}b`"),
        ] {
            assert_eq!(code(text), span);
        }
    }
}
