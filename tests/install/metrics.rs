//! What keyfleet exports: an alert or a panel on anything else would stay silent for ever.

/// As Prometheus stores them, but for the three series of a histogram.
pub(crate) const EXPORTED: [&str; 25] = [
    "keyfleet_active",
    "keyfleet_build_info",
    "keyfleet_cluster_findings",
    "keyfleet_cluster_last_success_timestamp_seconds",
    "keyfleet_cluster_up",
    "keyfleet_clusters",
    "keyfleet_git_held",
    "keyfleet_git_last_fetch_timestamp_seconds",
    "keyfleet_git_up",
    "keyfleet_log_lines_dropped_total",
    "keyfleet_pass_duration_seconds",
    "keyfleet_pass_requests",
    "keyfleet_passes_total",
    "keyfleet_report_sink_failures_total",
    "keyfleet_reports_total",
    "keyfleet_requests_total",
    "keyfleet_revision_info",
    "keyfleet_rotation_lag_seconds",
    "keyfleet_settings_reload_success",
    "keyfleet_vault_findings",
    "keyfleet_vault_last_success_timestamp_seconds",
    "keyfleet_vault_token_expiry_timestamp_seconds",
    "keyfleet_vault_up",
    "keyfleet_webhooks_total",
    "keyfleet_writes_total",
];

/// The names of metrics in an expression that are not exported.
pub(crate) fn unknown(expression: &str) -> Vec<String> {
    let names = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    names
        .filter(|name| name.starts_with("keyfleet_"))
        .filter(|name| !EXPORTED.contains(&name.trim_end_matches("_bucket")))
        .map(ToOwned::to_owned)
        .collect()
}
