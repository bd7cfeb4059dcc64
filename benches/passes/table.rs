//! Rows of figures under one head.

use super::keyfleet::Took;
use super::world::{Asked, Counts};
use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 8]>,
}

const HEAD: [&str; 8] = [
    "case",
    "Vault r/v/l/w",
    "clusters r/v/l/w",
    "keyfleet",
    "raw",
    "ratio",
    "wanted",
    "memory",
];

impl Table {
    pub(crate) fn add(
        &mut self,
        case: &str,
        asked: &Asked,
        took: Took,
        raw: Option<Duration>,
        wanted: &str,
    ) {
        let ratio = raw.map(|raw| took.time.as_secs_f64() / raw.as_secs_f64());
        let row = [
            case.to_owned(),
            counted(&asked.vault),
            counted(&asked.clusters),
            seconds(took.time),
            raw.map_or_else(String::new, seconds),
            ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            wanted.to_owned(),
            format!("{} MiB", took.memory),
        ];
        println!("  {}", row.join("  "));
        self.rows.push(row);
    }
}

/// Reads, values, logins, writes.
fn counted(counts: &Counts) -> String {
    if counts.is_empty() {
        return "not counted".to_owned();
    }
    let kinds = ["read", "value", "login", "write"];
    let numbers = kinds.map(|kind| counts.get(kind).copied().unwrap_or(0).to_string());
    numbers.join("/")
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = HEAD.map(ToOwned::to_owned);
        let rule = HEAD.map(|_| "---".to_owned());
        writeln!(
            formatter,
            "\nRequests are counted at the servers: reads / values read / logins, reviews and tokens / writes.\n"
        )?;
        for row in [&head, &rule].into_iter().chain(&self.rows) {
            writeln!(formatter, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}
