//! The requests of a run, by server and by what they are for.

use crate::support::{Purpose, Request};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was asked of one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) requests: Vec<Request>,
}

impl Tally {
    pub(crate) fn count(&self, purpose: Purpose) -> usize {
        let of = |request: &&Request| request.purpose == purpose;
        self.requests.iter().filter(of).count()
    }

    pub(crate) fn writes(&self) -> usize {
        self.count(Purpose::Write)
    }

    pub(crate) fn logins(&self) -> usize {
        self.count(Purpose::Login)
    }

    /// The secrets that were read, with their values, each once.
    pub(crate) fn values(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .requests
            .iter()
            .filter(|request| request.purpose == Purpose::Read)
            .filter_map(|request| request.path.strip_prefix("/v1/"))
            .filter(|path| path.starts_with("kv/data/") || path.starts_with("legacy/"))
            .map(str::to_owned)
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Each kind of request with how often it was sent; `*` stands for any cluster.
    pub(crate) fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for request in &self.requests {
            let mut path = request.path.trim_start_matches("/v1/").to_owned();
            for cluster in ["prod-eu", "staging"] {
                path = path.replace(cluster, "*");
            }
            let asks = |what: &str| request.query.split('&').any(|part| part == what);
            let method = match request.method.as_str() {
                "GET" if asks("list=true") => "LIST",
                "GET" if asks("scan=true") => "SCAN",
                method => method,
            };
            *kinds.entry(format!("{method} {path}")).or_insert(0) += 1;
        }
        kinds
    }
}

/// What one run asked of every server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) vault: Tally,
    pub(crate) prod_eu: Tally,
    pub(crate) staging: Tally,
}

impl Counts {
    fn servers(&self) -> [(&'static str, &Tally); 3] {
        [
            ("Vault", &self.vault),
            ("prod-eu", &self.prod_eu),
            ("staging", &self.staging),
        ]
    }

    /// Writes to the Vault, to prod-eu and to staging.
    pub(crate) fn writes(&self) -> [usize; 3] {
        self.servers().map(|(_, tally)| tally.writes())
    }

    pub(crate) fn logins(&self) -> [usize; 3] {
        self.servers().map(|(_, tally)| tally.logins())
    }

    /// One line for each server: reads, logins, writes.
    pub(crate) fn table(&self, what: &str) -> String {
        let mut text = format!("\n{what}\n");
        for (server, tally) in self.servers() {
            let _ = writeln!(
                text,
                "  {server:<8} {:>3} requests, of these {:>2} reads, {:>2} logins, {:>2} writes",
                tally.requests.len(),
                tally.count(Purpose::Read),
                tally.logins(),
                tally.writes(),
            );
        }
        text
    }

    /// Every kind of request, for the one who wonders.
    pub(crate) fn kinds(&self) -> String {
        let mut text = String::new();
        for (server, tally) in self.servers() {
            let _ = writeln!(text, "  {server}");
            for (kind, count) in tally.kinds() {
                let _ = writeln!(text, "    {count:>3} {kind}");
            }
        }
        text
    }
}
