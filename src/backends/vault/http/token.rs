//! The token that a request is sent with, and what is made of a refusal of it.

use super::Http;
use crate::backends::vault::answer::{Answer, Lost};
use crate::backends::vault::connect;
use crate::backends::vault::own_token::Used;
use crate::backends::vault::request::{Intent, Request, Token};
use crate::observe::Failure;
use crate::secret::SecretBytes;
use reqwest::header::HeaderValue;

impl Http {
    /// Waits for the first word of keyfleet's own token, where the request needs it.
    pub(super) async fn token_is_ready(
        &self,
        request: &Request<'_>,
    ) -> Result<Option<Used>, Failure> {
        if !matches!(request.token, Token::Own) {
            return Ok(None);
        }
        let ready = tokio::time::timeout(self.budget.deadline, self.own.ready()).await;
        ready
            .unwrap_or_else(|_| Err(self.too_late(request)))
            .map(Some)
    }

    /// Whether keyfleet has another token by now, after Vault did not accept this one: such a refusal did nothing.
    pub(super) async fn may_try_another_token<T>(
        &self,
        used: Option<Used>,
        outcome: &Result<T, Failure>,
    ) -> bool {
        let (Some(used), Err(failure)) = (used, outcome.as_ref().map(drop)) else {
            return false;
        };
        let is_another = self.own.is_another_after(used, failure);
        let in_time = tokio::time::timeout(self.budget.deadline, is_another).await;
        in_time.unwrap_or(false)
    }

    pub(super) fn token_header(&self, request: &Request<'_>) -> Result<Option<HeaderValue>, Lost> {
        match (request.token, self.own.current()) {
            (Token::None, _) => Ok(None),
            (Token::Session(token), _) => connect::header(token).map(Some),
            (Token::Own, Some(token)) => connect::header(&token).map(Some),
            (Token::Own, None) => Err(Lost::setup("there is no token for this Vault")),
        }
    }

    /// Both a token that may not and one that is none are answered with 403. A token that is known gets to the check
    /// of its policies, whose refusal has another form; where neither form is clear, the token looks itself up.
    pub(super) async fn token_is_invalid(&self, request: &Request<'_>, answer: &Answer) -> bool {
        if request.intent == Intent::LogIn || answer.errors().is_none() {
            return false;
        }
        if answer.says("invalid token") || answer.says("bad token") {
            return true;
        }
        if answer.says("1 error occurred") {
            return false;
        }
        let question = Request::read(&["auth/token/lookup-self"]).with(request.token);
        match self.once(&question).await {
            Ok(own) => own.status == 403 && !own.says("1 error occurred"),
            _ => false,
        }
    }
}

/// What no message may repeat.
pub(super) fn tokens<'t>(request: &Request<'t>, own: Option<&'t SecretBytes>) -> Vec<&'t str> {
    let session = match request.token {
        Token::Session(token) => Some(token),
        Token::None | Token::Own => None,
    };
    let tokens = own.into_iter().chain(session);
    tokens.filter_map(SecretBytes::expose_text).collect()
}
