//! A time, as a reader wants it: how long ago, and exactly when for who asks.

use askama::filters::Safe;
use jiff::Timestamp;
use std::fmt;

/// A moment as seen from another.
pub(super) struct Age {
    at: Timestamp,
    now: Timestamp,
}

/// Markup of our own: times and fixed words only.
pub(super) fn age(at: Timestamp, now: Timestamp) -> Safe<Age> {
    Safe(Age { at, now })
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let title = self.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let words = words(self.now.as_second() - self.at.as_second());
        write!(
            formatter,
            "<time datetime=\"{at}\" title=\"{title}\">{words}</time>"
        )
    }
}

/// `seconds` is negative for what is to come.
fn words(seconds: i64) -> String {
    let past = seconds >= 0;
    let amount = match seconds.unsigned_abs() {
        0..10 if past => return "just now".to_owned(),
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds @ 5_400..129_600 => format!("{} h", (seconds + 1_800) / 3_600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    };
    if past {
        format!("{amount} ago")
    } else {
        format!("in {amount}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_the_unit_that_a_person_would_use() {
        for (seconds, said) in [
            (0, "just now"),
            (45, "45 s ago"),
            (89, "89 s ago"),
            (90, "2 min ago"),
            (3_600, "60 min ago"),
            (7_200, "2 h ago"),
            (172_800, "2 days ago"),
            (-30, "in 30 s"),
            (-600, "in 10 min"),
            (i64::MIN, "in 106751991167301 days"),
        ] {
            assert_eq!(words(seconds), said);
        }
    }

    #[test]
    fn a_machine_reads_it_exactly() {
        let at: Timestamp = "2026-11-24T18:20:17.25Z".parse().unwrap();
        let now: Timestamp = "2026-11-24T18:23:17Z".parse().unwrap();
        assert_eq!(
            Age { at, now }.to_string(),
            "<time datetime=\"2026-11-24T18:20:17Z\" title=\"2026-11-24 18:20:17 UTC\">3 min ago</time>"
        );
    }
}
