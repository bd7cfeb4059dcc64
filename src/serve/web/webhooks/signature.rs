//! Whether a delivery comes from who has the secret.
//!
//! GitHub, Gitea and Forgejo sign the body (HMAC-SHA256). GitLab sends its token along, or, since 2026, signs as
//! <https://www.standardwebhooks.com> says. SHA-1 signatures, which the same forges still send beside, are no signatures here.

use super::seen::DeliveryId;
use crate::secret::SecretBytes;
use crate::serve::secrets::lines;
use crate::serve::settings::Forge;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use ring::{digest, hmac};
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// How far the clocks of a forge and of keyfleet may be apart, where a signature has a time.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);
/// What GitLab's signing tokens begin with.
const SIGNING: &[u8] = b"whsec_";
/// Of a signing token, in bytes: forges make them of 24 or more.
const SHORTEST_KEY: usize = 16;
/// Signatures of one header that are looked at: a forge that changes its key sends two.
const MOST_SIGNATURES: usize = 4;

/// Every secret of one file.
#[derive(Default)]
pub(super) struct Keys {
    signing: Vec<hmac::Key>,
    tokens: Vec<SecretBytes>,
}

impl Keys {
    pub(super) fn of_signer(secret: &SecretBytes) -> Self {
        let keys = lines(secret).into_iter().map(|line| key(line.expose()));
        Self {
            signing: keys.collect(),
            tokens: Vec::new(),
        }
    }

    pub(super) fn of_gitlab(secret: &SecretBytes) -> Result<Self, String> {
        let mut keys = Self::default();
        for line in lines(secret) {
            match line.expose().strip_prefix(SIGNING) {
                Some(encoded) => {
                    let bytes = BASE64_STANDARD.decode(encoded).map(Zeroizing::new);
                    // Whoever knows that there is no key, or nearly none, can sign.
                    let bytes = bytes.ok().filter(|bytes| bytes.len() >= SHORTEST_KEY);
                    let bytes = bytes.ok_or_else(|| {
                        "a signing token is `whsec_` and base64; copy it from GitLab as it is"
                            .to_owned()
                    })?;
                    keys.signing.push(key(&bytes));
                }
                None => keys.tokens.push(line),
            }
        }
        Ok(keys)
    }
}

fn key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

/// One that was sent by who has the secret.
pub(super) struct Verified {
    /// The signature, where there is one: whoever copies a delivery cannot change what it covers.
    signature: Option<[u8; 32]>,
}

impl Verified {
    /// What copies of it have in common.
    pub(super) fn id(&self, headers: &HeaderMap) -> Option<DeliveryId> {
        if let Some(signature) = self.signature {
            return Some(DeliveryId::new(signature));
        }
        let names = ["webhook-id", "idempotency-key", "x-gitlab-event-uuid"];
        let id = names.iter().find_map(|name| headers.get(*name))?;
        let hash = digest::digest(&digest::SHA256, id.as_bytes());
        Some(DeliveryId::new(hash.as_ref().try_into().ok()?))
    }
}

/// A check that is under way while the body arrives.
pub(super) enum Check {
    Signed {
        contexts: Vec<hmac::Context>,
        given: Vec<[u8; 32]>,
    },
    /// The token was right; the body is not covered by it.
    Token,
}

impl Check {
    /// `None`: whatever the body is, this is not from who has the secret.
    pub(super) fn begin(
        forge: Forge,
        keys: &[Arc<Keys>],
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<Self> {
        match forge {
            Forge::Github => Self::signed(keys, &[], of_hub(headers)?),
            Forge::Gitea => Self::signed(keys, &[], of_gitea(headers)?),
            Forge::Gitlab => {
                if headers.contains_key("webhook-signature") {
                    let (covered, given) = of_standard(headers, now)?;
                    return Self::signed(keys, &covered, given);
                }
                has_token(keys, headers).then_some(Self::Token)
            }
        }
    }

    fn signed(keys: &[Arc<Keys>], covered: &[u8], given: Vec<[u8; 32]>) -> Option<Self> {
        let keys = keys.iter().flat_map(|keys| &keys.signing);
        let contexts: Vec<_> = keys
            .map(|key| {
                let mut context = hmac::Context::with_key(key);
                context.update(covered);
                context
            })
            .collect();
        (!contexts.is_empty()).then_some(Self::Signed { contexts, given })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Self::Signed { contexts, .. } = self {
            for context in contexts {
                context.update(bytes);
            }
        }
    }

    /// All keys are tried with all signatures, whichever fits.
    pub(super) fn end(self) -> Option<Verified> {
        let (contexts, given) = match self {
            Self::Token => return Some(Verified { signature: None }),
            Self::Signed { contexts, given } => (contexts, given),
        };
        let mut fits = Choice::from(0);
        let mut signature = None;
        for context in contexts {
            let right = context.sign();
            for given in &given {
                let is_right = right.as_ref().ct_eq(given);
                fits |= is_right;
                if bool::from(is_right) {
                    signature = Some(*given);
                }
            }
        }
        bool::from(fits).then_some(Verified { signature })
    }
}

/// `sha256=` and 64 digits.
fn of_hub(headers: &HeaderMap) -> Option<Vec<[u8; 32]>> {
    let given = the_only(headers, "x-hub-signature-256")?;
    Some(vec![hex(given.as_bytes().strip_prefix(b"sha256=")?)?])
}

/// Forgejo's own name comes first: what is wrong there is not made right by another header.
fn of_gitea(headers: &HeaderMap) -> Option<Vec<[u8; 32]>> {
    for name in ["x-forgejo-signature", "x-gitea-signature"] {
        if headers.contains_key(name) {
            return Some(vec![hex(the_only(headers, name)?.as_bytes())?]);
        }
    }
    of_hub(headers)
}

/// What is signed before the body, and the signatures.
fn of_standard(headers: &HeaderMap, now: Timestamp) -> Option<(Vec<u8>, Vec<[u8; 32]>)> {
    let id = the_only(headers, "webhook-id")?;
    let time = the_only(headers, "webhook-timestamp")?;
    let seconds = time.to_str().ok()?.parse().ok()?;
    let sent = Timestamp::from_second(seconds).ok()?;
    if sent.duration_since(now).abs() > CLOCKS {
        return None;
    }
    let signatures = the_only(headers, "webhook-signature")?.to_str().ok()?;
    let signatures = signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .filter_map(|text| BASE64_STANDARD.decode(text).ok()?.try_into().ok())
        .take(MOST_SIGNATURES)
        .collect();
    let covered = [id.as_bytes(), b".", time.as_bytes(), b"."].concat();
    Some((covered, signatures))
}

fn has_token(keys: &[Arc<Keys>], headers: &HeaderMap) -> bool {
    let Some(given) = the_only(headers, "x-gitlab-token") else {
        return false;
    };
    let given = SecretBytes::new(given.as_bytes().to_vec());
    let tokens = keys.iter().flat_map(|keys| &keys.tokens);
    tokens.fold(false, |found, token| token.same(&given) | found)
}

/// Two of one header are none: nobody could say which one counts.
fn the_only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
