//! What the service says of its passes.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) struct Log(String);

/// A pass over a cluster that ended.
pub(crate) struct Ended {
    pub cluster: String,
    pub milliseconds: f64,
}

impl Log {
    pub(crate) fn read(path: &Path) -> Self {
        Self(std::fs::read_to_string(path).unwrap_or_default())
    }

    /// Its last lines.
    pub(crate) fn last(&self, lines: usize) -> String {
        let skipped = self.0.lines().count().saturating_sub(lines);
        let last: Vec<&str> = self.0.lines().skip(skipped).collect();
        last.join("\n")
    }

    /// Every pass over a cluster so far, in the order in which they ended.
    pub(crate) fn passes(&self) -> Vec<Ended> {
        let lines = self
            .0
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.filter_map(|line: Value| ended(&line)).collect()
    }

    /// How many passes each cluster has had.
    pub(crate) fn count(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for pass in self.passes() {
            *counts.entry(pass.cluster).or_default() += 1;
        }
        counts
    }
}

fn ended(line: &Value) -> Option<Ended> {
    let seconds = line
        .get("seconds")
        .or_else(|| line.pointer("/fields/seconds"))?;
    let scope = line.pointer("/span/scope")?.as_str()?;
    Some(Ended {
        cluster: scope.strip_prefix("cluster ")?.to_owned(),
        milliseconds: seconds.as_f64()? * 1000.0,
    })
}
