//! Every series that there is. `docs/metrics.md` is this list, and a test holds it to that.

use super::Labels;
use std::borrow::Cow;

/// One entry.
#[derive(Debug)]
pub struct Metric {
    /// As it is asked for: with `_total` and `_info`.
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
    Histogram,
    Info,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }
}

impl Metric {
    /// As OpenMetrics calls it: without what the kind says already.
    pub fn family(&self) -> &'static str {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    pub(super) fn labels<const N: usize>(&self, values: [Cow<'static, str>; N]) -> Labels {
        debug_assert_eq!(N, self.labels.len(), "{}", self.name);
        self.labels.iter().copied().zip(values).collect()
    }
}

macro_rules! catalogue {
    ($($constant:ident: $name:literal, $kind:ident, [$($label:literal),*], $help:literal;)*) => {
        $(pub const $constant: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: $help,
        };)*

        /// All of them, in the order in which they are told.
        pub const ALL: &[&Metric] = &[$(&$constant),*];
    };
}

catalogue! {
    BUILD_INFO: "keyfleet_build_info", Info, ["version"],
        "The version of keyfleet.";
    ACTIVE: "keyfleet_active", Gauge, [],
        "1 in the process that writes, 0 in one that stands by.";
    GIT_LAST_FETCH: "keyfleet_git_last_fetch_timestamp_seconds", Gauge, [],
        "When the git server last answered.";
    GIT_UP: "keyfleet_git_up", Gauge, [],
        "Whether the last fetch succeeded.";
    GIT_HELD: "keyfleet_git_held", Gauge, [],
        "1 while a branch that was rewritten is not followed.";
    DECLARATION_ERRORS: "keyfleet_declaration_errors", Gauge, [],
        "Errors in the declarations of the followed revision; 1 at least while a newer one cannot be followed for its errors.";
    REVISION_INFO: "keyfleet_revision_info", Info, ["revision"],
        "The revision that everything is kept equal to.";
    CLUSTERS: "keyfleet_clusters", Gauge, [],
        "Clusters that the followed revision declares.";
    CLUSTER_LAST_SUCCESS: "keyfleet_cluster_last_success_timestamp_seconds", Gauge, ["cluster"],
        "When the cluster was last found, or made, as declared, but for changes that are held; 0 for never.";
    CLUSTER_UP: "keyfleet_cluster_up", Gauge, ["cluster"],
        "Whether the last pass could look at all of the cluster; 0 also while an error in its declaration keeps keyfleet from looking.";
    CLUSTER_FINDINGS: "keyfleet_cluster_findings", Gauge, ["cluster", "state"],
        "Objects of the cluster that are not as declared, by what keyfleet makes of them.";
    ROTATION_LAG: "keyfleet_rotation_lag_seconds", Gauge, ["cluster"],
        "How long a value that was rotated in Vault has been seen missing in the cluster; 0 when none is.";
    VAULT_LAST_SUCCESS: "keyfleet_vault_last_success_timestamp_seconds", Gauge, ["vault"],
        "When what clusters share in the Vault was last found, or made, as declared, but for changes that are held; 0 for never.";
    VAULT_UP: "keyfleet_vault_up", Gauge, ["vault"],
        "Whether the Vault answers, is unsealed and accepts keyfleet's token.";
    VAULT_FINDINGS: "keyfleet_vault_findings", Gauge, ["vault", "state"],
        "Objects that clusters share in the Vault and that are not as declared, by what keyfleet makes of them.";
    VAULT_TOKEN_EXPIRY: "keyfleet_vault_token_expiry_timestamp_seconds", Gauge, ["vault"],
        "When keyfleet's own token for the Vault ends, where it does.";
    PASSES: "keyfleet_passes_total", Counter, ["result"],
        "Passes over one cluster or Vault, by how they ended.";
    PASS_DURATION: "keyfleet_pass_duration_seconds", Histogram, [],
        "How long a pass over one cluster or Vault took, its wait for a place among the passes included.";
    REQUESTS: "keyfleet_requests_total", Counter, ["target", "kind"],
        "Requests that were sent, by server and by whether they read, log in or write.";
    PASS_REQUESTS: "keyfleet_pass_requests", Gauge, ["target"],
        "Requests that the last full pass sent to the server.";
    WRITES: "keyfleet_writes_total", Counter, ["kind"],
        "Objects that were written, by kind.";
    REPORTS: "keyfleet_reports_total", Counter, ["schedule", "result"],
        "Drift reports that were made, by whether every sink took them.";
    REPORT_MISSED: "keyfleet_report_missed_scopes", Gauge, ["schedule"],
        "Clusters and Vaults that the last drift report of the schedule could not wholly look at.";
    SINK_FAILURES: "keyfleet_report_sink_failures_total", Counter, ["sink"],
        "Drift reports that a sink did not take.";
    KEPT: "keyfleet_data_file_write_success", Gauge, ["file"],
        "0 when a file of the data directory could not be written: what it remembers is lost with the process.";
    SETTINGS_RELOAD: "keyfleet_settings_reload_success", Gauge, [],
        "0 when the settings were read again and could not be taken: the old ones are in use.";
    WEBHOOKS: "keyfleet_webhooks_total", Counter, ["forge", "result"],
        "Webhooks that arrived, by what became of them.";
    REVIEWS: "keyfleet_reviews_total", Counter, ["result"],
        "Reviews of pull requests, by what became of them.";
    REVIEW_DURATION: "keyfleet_review_duration_seconds", Histogram, [],
        "How long a review took, from reading git to the answer of the forge.";
    REVIEWS_WAITING: "keyfleet_reviews_waiting", Gauge, [],
        "Pull requests that wait to be reviewed.";
    LOG_LINES_DROPPED: "keyfleet_log_lines_dropped_total", Counter, [],
        "Log lines that were thrown away because nobody took them fast enough.";
    PROCESS_CPU: "process_cpu_seconds_total", Counter, [],
        "Processor time that the process used.";
    PROCESS_MEMORY: "process_resident_memory_bytes", Gauge, [],
        "Memory of the process that is in RAM.";
    PROCESS_FDS: "process_open_fds", Gauge, [],
        "File descriptors that are open.";
    PROCESS_MOST_FDS: "process_max_fds", Gauge, [],
        "File descriptors that may be open.";
    PROCESS_START: "process_start_time_seconds", Gauge, [],
        "When the process began.";
}
