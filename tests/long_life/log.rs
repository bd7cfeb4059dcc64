//! What was logged: no test leaves a token in it.

use super::support::log::text;

pub(super) use super::support::log::capture;

/// None of these, and nothing of the form of a token of Vault or of a service account.
pub(super) fn assert_silent(secrets: &[&str]) {
    let text = text();
    assert!(text.contains("keyfleet"), "the log was kept");
    for line in text.lines() {
        let named = secrets.iter().any(|secret| line.contains(secret));
        let words = line.split(|character: char| {
            !character.is_ascii_alphanumeric() && !"._-".contains(character)
        });
        let formed = |word: &str| {
            let begins = ["s.", "b.", "hvs.", "hvb.", "eyJ"];
            word.len() > 20 && begins.iter().any(|begin| word.starts_with(begin))
        };
        assert!(!named && !words.into_iter().any(formed), "{line}");
    }
}

/// What was said of tokens, for whoever looks into a test that failed.
pub(super) fn of_tokens() -> String {
    let text = text();
    let lines = text.lines().filter(|line| line.contains("vault main"));
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn has(words: &str) -> bool {
    text().contains(words)
}
