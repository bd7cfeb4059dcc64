//! Everything that this process logs, of every crate and level: no test leaves a token in it.

use std::io;
use std::sync::{Mutex, Once, PoisonError};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}

fn text() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

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
