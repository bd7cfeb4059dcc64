//! Durations in Vault's notation.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::yaml::Node;
use std::time::Duration;

/// Reads a field of `24h`, `90m`, `1h30m`, or seconds, as Vault writes durations.
pub(super) fn reader(field: &str) -> impl Fn(&Node, &mut Diagnostics) -> Option<Duration> {
    move |node, problems| {
        let text = node.text(&format!("`{field}`"), problems)?;
        let parsed = parse(text);
        if parsed.is_none() {
            problems.push(
                Diagnostic::error(&node.place, format!("{text:?} is not a duration"))
                    .hint("write 24h, 90m, 1h30m, or a number of seconds"),
            );
        }
        parsed
    }
}

/// Parses a duration in Vault's notation.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if text.chars().all(|character| character.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let mut total = 0_u64;
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    digits.is_empty().then_some(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_vault_reads_them() {
        for (text, seconds) in [
            ("24h", 86_400),
            ("86400", 86_400),
            ("1h30m", 5_400),
            ("90s", 90),
            ("2d", 172_800),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "1y", "-1h", "+5", "1h30", "99999999999999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
