//! What an answer is: something that the caller can use, or which failure.

use super::token::tokens;
use super::{Http, Reply};
use crate::backends::vault::answer::Answer;
use crate::backends::vault::classify;
use crate::backends::vault::request::{Intent, Request};
use crate::observe::{Failure, KvValue};
use serde_json::{Map, Value};

impl Http {
    /// Turns an answer into what the caller can use, or into the failure that it is.
    pub(super) async fn judge(
        &self,
        request: &Request<'_>,
        answer: Answer,
    ) -> Result<Reply, Failure> {
        let found = match answer.status {
            200..=299 => true,
            404 if says_absent(&answer) && request.intent != Intent::LogIn => false,
            403 if self.token_is_invalid(request, &answer).await => {
                return Err(classify::invalid_token(request));
            }
            _ => {
                let own = self.own.current();
                let tokens = tokens(request, own.as_deref());
                return Err(classify::failure(request, &answer, &tokens));
            }
        };
        let data = answer
            .fields()
            .filter(|fields| !found || no_errors(fields))
            .ok_or_else(|| classify::foreign(request, &answer))?;
        Ok(Reply {
            found,
            date: answer.date,
            body: KvValue {
                version: None,
                data,
            },
        })
    }

    /// A sealed Vault and an overloaded one both answer 503.
    pub(super) async fn is_sealed(&self, answer: &Answer) -> bool {
        if answer.says("sealed") {
            return true;
        }
        let question = Request::state("sys/seal-status");
        match self.once(&question).await {
            Ok(status) => status
                .fields()
                .is_some_and(|fields| fields.get("sealed") == Some(&Value::Bool(true))),
            _ => false,
        }
    }
}

/// Whether a 404 is Vault's own "nothing there", and not "no such namespace" or somebody else's page.
fn says_absent(answer: &Answer) -> bool {
    match answer.errors() {
        Some(errors) => errors.iter().all(|error| {
            error.contains("no handler for route") || error.contains("unsupported path")
        }),
        // A deleted version of a secret: its metadata, and no errors.
        None => answer
            .fields()
            .is_some_and(|fields| fields.contains_key("data")),
    }
}

fn no_errors(fields: &Map<String, Value>) -> bool {
    match fields.get("errors") {
        None | Some(Value::Null) => true,
        Some(Value::Array(errors)) => errors.is_empty(),
        Some(_) => false,
    }
}
