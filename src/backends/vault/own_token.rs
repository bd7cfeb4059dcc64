//! keyfleet's own token of one Vault: shared by all requests, and replaced while they run.
//!
//! A value that was replaced is wiped when the last request that was sent with it has ended.

use super::connect::{header, setup};
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// The token that requests are sent with. Clones are one and the same.
#[derive(Clone)]
pub struct OwnToken {
    shared: Arc<Shared>,
}

struct Shared {
    current: watch::Sender<Current>,
    /// The number of the last token that Vault did not accept.
    refused: watch::Sender<u64>,
    /// Whether somebody replaces it.
    kept: bool,
}

#[derive(Clone)]
struct Current {
    /// Counts the tokens, from 1.
    number: u64,
    /// Counts what was found out about them, so that who waits for that notices.
    news: u64,
    is: Is,
}

#[derive(Clone)]
enum Is {
    /// There is none, and none will come.
    Absent,
    /// Nobody knows yet.
    Awaited,
    Present(Arc<SecretBytes>),
    /// There is none now, and why.
    Lacking(Failure),
}

/// Which token a request was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    number: u64,
    news: u64,
}

impl Default for OwnToken {
    /// No token: health and logins work without.
    fn default() -> Self {
        Self::new(Is::Absent, false)
    }
}

impl From<SecretBytes> for OwnToken {
    /// A token that stays as it is, for a run that is short.
    fn from(token: SecretBytes) -> Self {
        Self::new(Is::Present(Arc::new(token)), false)
    }
}

impl OwnToken {
    /// A token that somebody keeps; requests wait for the first word of it.
    pub fn kept() -> Self {
        Self::new(Is::Awaited, true)
    }

    fn new(is: Is, kept: bool) -> Self {
        let number = u64::from(matches!(is, Is::Present(_)));
        let current = Current {
            number,
            news: 0,
            is,
        };
        Self {
            shared: Arc::new(Shared {
                current: watch::Sender::new(current),
                refused: watch::Sender::new(0),
                kept,
            }),
        }
    }

    /// From now on, requests are sent with this one.
    pub fn replace(&self, token: SecretBytes) -> Result<(), Failure> {
        check(&token)?;
        self.shared.current.send_modify(|current| {
            current.number += 1;
            current.is = Is::Present(Arc::new(token));
        });
        Ok(())
    }

    /// There is no usable token: requests fail with this instead of asking.
    pub fn lacks(&self, why: Failure) {
        self.shared.current.send_modify(|current| {
            current.news += 1;
            current.is = Is::Lacking(why);
        });
    }

    /// The token was looked at and is good: whoever was refused with it was not because of it.
    pub fn stands(&self) {
        self.shared.current.send_modify(|current| current.news += 1);
    }

    pub fn current(&self) -> Option<Arc<SecretBytes>> {
        match &self.shared.current.borrow().is {
            Is::Present(token) => Some(Arc::clone(token)),
            Is::Absent | Is::Awaited | Is::Lacking(_) => None,
        }
    }

    /// Ends when Vault did not accept the current token.
    pub async fn refused(&self) {
        let mut refused = self.shared.refused.subscribe();
        let is_current = |number: &u64| {
            let current = self.shared.current.borrow();
            *number == current.number && matches!(current.is, Is::Present(_))
        };
        // The sender lives as long as this does.
        let _ = refused.wait_for(is_current).await;
    }

    /// Whether there is or will be one.
    pub(super) fn is_expected(&self) -> bool {
        !matches!(self.shared.current.borrow().is, Is::Absent)
    }

    /// Waits until something is known of it.
    pub(super) async fn ready(&self) -> Result<Used, Failure> {
        let mut current = self.shared.current.subscribe();
        let known = current
            .wait_for(|current| !matches!(current.is, Is::Awaited))
            .await;
        match known.as_deref() {
            Ok(Current {
                is: Is::Lacking(why),
                ..
            }) => Err(why.clone()),
            Ok(current) => Ok(Used {
                number: current.number,
                news: current.news,
            }),
            Err(_) => Ok(Used { number: 0, news: 0 }),
        }
    }

    /// Whether another token can be tried, after a request with this one failed so. Waits for whoever keeps the token to
    /// find out.
    pub(super) async fn is_another_after(&self, used: Used, failure: &Failure) -> bool {
        let is_of_token = failure.class == FailureClass::Unauthenticated;
        if !self.shared.kept || !is_of_token && failure.class != FailureClass::Forbidden {
            return false;
        }
        let mut current = self.shared.current.subscribe();
        if is_of_token && current.borrow().number == used.number {
            self.shared.refused.send_replace(used.number);
            let is_news =
                |current: &Current| current.number != used.number || current.news != used.news;
            if current.wait_for(is_news).await.is_err() {
                return false;
            }
        }
        let current = current.borrow();
        current.number != used.number && matches!(current.is, Is::Present(_))
    }
}

/// Whether a header takes it.
pub(super) fn check(token: &SecretBytes) -> Result<(), Failure> {
    header(token).map(drop).map_err(|lost| setup(lost.why))
}

impl fmt::Debug for OwnToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn token(text: &str) -> SecretBytes {
        SecretBytes::from(text.to_owned())
    }

    fn failure(class: FailureClass) -> Failure {
        Failure::new(class, "ask", "it is a test")
    }

    #[tokio::test]
    async fn who_was_refused_goes_on_with_the_next_token() {
        let own = OwnToken::kept();
        own.replace(token("one")).unwrap();
        let used = own.ready().await.unwrap();
        let refused = failure(FailureClass::Unauthenticated);
        let (is_another, ()) = tokio::join!(own.is_another_after(used, &refused), async {
            own.refused().await;
            own.replace(token("two")).unwrap();
        });
        assert!(is_another);
        assert_eq!(own.current().unwrap().expose(), b"two");
    }

    #[tokio::test]
    async fn a_refusal_of_a_token_that_was_replaced_meanwhile_bothers_nobody() {
        let own = OwnToken::kept();
        own.replace(token("one")).unwrap();
        let used = own.ready().await.unwrap();
        own.replace(token("two")).unwrap();
        for class in [FailureClass::Unauthenticated, FailureClass::Forbidden] {
            assert!(own.is_another_after(used, &failure(class)).await);
        }
        let refused = tokio::time::timeout(Duration::from_millis(20), own.refused());
        assert!(refused.await.is_err());
    }

    #[tokio::test]
    async fn a_token_without_the_right_is_not_a_bad_token() {
        let own = OwnToken::kept();
        own.replace(token("one")).unwrap();
        let used = own.ready().await.unwrap();
        let forbidden = failure(FailureClass::Forbidden);
        assert!(!own.is_another_after(used, &forbidden).await);
    }

    #[tokio::test]
    async fn without_a_token_requests_fail_with_the_reason() {
        let own = OwnToken::kept();
        own.lacks(failure(FailureClass::Sealed));
        assert_eq!(own.ready().await, Err(failure(FailureClass::Sealed)));
        assert!(own.current().is_none());
    }

    #[test]
    fn what_no_header_takes_is_not_taken() {
        let own = OwnToken::kept();
        for wrong in ["", "two\nlines"] {
            assert!(own.replace(token(wrong)).is_err());
        }
    }
}
