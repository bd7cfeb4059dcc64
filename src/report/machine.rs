//! JSON that is no danger to a terminal.

use super::markup::is_unseen;
use serde::Serialize;

/// JSON for a person to read, too. A character that cannot be seen is written by its number: it means the same, and moves no
/// cursor where somebody prints it.
pub(super) fn json(value: &impl Serialize) -> String {
    // Names, numbers and times: nothing in it can fail to be written.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut shown = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        // Outside of a text, JSON has no such character but the end of a line; inside, that is escaped already.
        if is_unseen(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown.push('\n');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_shows_everything() {
        let text = "a\u{202e}b\u{1b}\n\u{7f}\u{e0041}\u{200b}ü";
        let written = json(&text);
        assert_eq!(
            written,
            "\"a\\u202eb\\u001b\\n\\u007f\\udb40\\udc41\\u200bü\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
