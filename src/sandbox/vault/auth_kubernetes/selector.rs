//! Namespaces that are chosen by their labels: the cluster is asked for them, as the one who reviews tokens.
//!
//! Absent: why a label of a selector can be none, which is said by a real server before it asks.

use super::super::backend::{Question, Review, ReviewFailure};
use super::config::Config;
use super::role::{Role, labels};
use serde_json::Value;

/// Whether a namespace is one of those that a role chooses.
pub(super) enum Choice {
    Yes,
    No(String),
    /// Only the cluster knows.
    Ask(Box<Question>),
}

const NOT: &str = "namespace not authorized";

/// `review` is what the cluster said of the namespace, once it was asked.
pub(super) fn choose(
    config: &Config,
    role: &Role,
    namespace: &str,
    review: Option<&Review>,
) -> Choice {
    if role.selector.is_empty() {
        return Choice::No(NOT.to_owned());
    }
    let Some(reviewer) = config.reviewer() else {
        return Choice::No(format!(
            "{NOT} err=namespace lookup failed: TokenReviewer JWT needs to be configured to use namespace selectors"
        ));
    };
    match review {
        None => {
            let host = config.host.trim_end_matches('/');
            Choice::Ask(Box::new(Question {
                client: config.client.clone(),
                url: format!("{host}/api/v1/namespaces/{namespace}"),
                bearer: Some(reviewer),
                body: None,
                follow: None,
            }))
        }
        Some(Err(failure)) => Choice::No(format!("{NOT} err={}", told(failure))),
        Some(Ok(found)) if has_labels(found, &role.selector) => Choice::Yes,
        Some(Ok(_)) => Choice::No(NOT.to_owned()),
    }
}

fn told(failure: &ReviewFailure) -> String {
    match failure {
        ReviewFailure::Status(status, body) => {
            let code = status.split(' ').next().unwrap_or_default();
            let answer: Value = serde_json::from_str(body).unwrap_or_default();
            let message = answer["message"].as_str().unwrap_or_default();
            format!("failed to get namespace (code {code} status {message})")
        }
        ReviewFailure::Unreachable(why) => why.clone(),
    }
}

fn has_labels(namespace: &Value, selector: &str) -> bool {
    let own = &namespace["metadata"]["labels"];
    labels(selector).is_some_and(|wanted| {
        let mut wanted = wanted.iter();
        wanted.all(|(name, value)| own.get(name) == Some(value))
    })
}
