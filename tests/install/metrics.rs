//! What keyfleet exports: an alert or a panel on anything else would stay silent for ever.

use keyfleet::serve::web::metrics::catalogue;

/// The names of metrics in an expression that are not exported.
pub(crate) fn unknown(expression: &str) -> Vec<String> {
    let names = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    names
        .filter(|name| name.starts_with("keyfleet_"))
        .filter(|name| !is_exported(name.trim_end_matches("_bucket")))
        .map(ToOwned::to_owned)
        .collect()
}

fn is_exported(name: &str) -> bool {
    catalogue::ALL.iter().any(|metric| metric.name == name)
}
