//! A session of a browser: a random number and an end, signed by a key that is made from the token.

use crate::secret::SecretBytes;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::COOKIE;
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hmac, pbkdf2};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

/// A working day.
const LASTS: SignedDuration = SignedDuration::from_hours(12);
const ID: usize = 16;
const SIGNED: usize = ID + 8;
const WHOLE: usize = SIGNED + 32;

/// Over TLS a browser takes it from this very host only.
pub(super) const NAME: &str = "keyfleet_session";
pub(super) const NAME_WITH_TLS: &str = "__Host-keyfleet_session";

/// Whoever finds a cookie must not find the token from it, also where the token is not as random as it should be.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// Signs the sessions of one token.
pub(super) struct SessionKey(hmac::Key);

impl SessionKey {
    pub(super) fn of(token: &SecretBytes) -> Self {
        let mut key = [0; 32];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        let salt = b"keyfleet dashboard session v1";
        pbkdf2::derive(algorithm, ROUNDS, salt, token.expose(), &mut key);
        let made = Self(hmac::Key::new(hmac::HMAC_SHA256, &key));
        zeroize::Zeroize::zeroize(&mut key);
        made
    }
}

/// A session that was opened with the token.
pub(super) struct Session {
    id: [u8; ID],
    ends: Timestamp,
    cookie: String,
}

impl Session {
    pub(super) fn open(key: &SessionKey, now: Timestamp) -> Self {
        let mut id = [0; ID];
        // Without random numbers the system has worse troubles; the signature still holds.
        let _ = SystemRandom::new().fill(&mut id);
        let ends = now.saturating_add(LASTS).unwrap_or(now);
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(&ends.as_second().to_be_bytes());
        let signature = hmac::sign(&key.0, &bytes);
        bytes.extend_from_slice(signature.as_ref());
        let cookie = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Self { id, ends, cookie }
    }

    /// The session that a cookie is of, when this key signed it and it lasts.
    pub(super) fn read(key: &SessionKey, cookie: &str, now: Timestamp) -> Option<Self> {
        if cookie.len() > 2 * WHOLE {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (signed, signature) = bytes.split_at_checked(SIGNED)?;
        hmac::verify(&key.0, signed, signature).ok()?;
        let (id, ends) = signed.split_first_chunk::<ID>()?;
        let ends = Timestamp::from_second(i64::from_be_bytes(ends.try_into().ok()?)).ok()?;
        (now < ends).then(|| Self {
            id: *id,
            ends,
            cookie: cookie.to_owned(),
        })
    }

    /// For this browser, for these pages, and out of reach of any script.
    pub(super) fn set_cookie(&self, tls: bool) -> String {
        let seconds = LASTS.as_secs();
        let cookie = &self.cookie;
        if tls {
            format!(
                "{NAME_WITH_TLS}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict; Secure"
            )
        } else {
            format!("{NAME}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
        }
    }
}

/// The values of our cookies in a request.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(COOKIE).iter();
    let cookies = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    cookies
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| [NAME, NAME_WITH_TLS].contains(name))
        .map(|(_, value)| value)
        .take(4)
}

/// Sessions that were ended here before their time. Of this process only: elsewhere the browser has forgotten the cookie.
#[derive(Default)]
pub(super) struct Ended(Mutex<BTreeMap<[u8; ID], Timestamp>>);

const MOST_ENDED: usize = 4096;

impl Ended {
    pub(super) fn end(&self, session: &Session, now: Timestamp) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, ends| now < *ends);
        // Only sessions that the token opened get here.
        if ended.len() < MOST_ENDED {
            ended.insert(session.id, session.ends);
        }
    }

    pub(super) fn holds(&self, session: &Session, now: Timestamp) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get(&session.id).is_some_and(|ends| now < *ends)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, LASTS, SecretBytes, Session, SessionKey, Timestamp};

    fn key(token: &str) -> SessionKey {
        SessionKey::of(&SecretBytes::from(token.to_owned()))
    }

    #[test]
    fn a_session_is_known_by_its_own_key_until_it_ends() {
        let (ours, other) = (key("one token of ours"), key("another token"));
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let session = Session::open(&ours, now);
        let read = |key, cookie: &str, now| Session::read(key, cookie, now).is_some();
        assert!(read(&ours, &session.cookie, now));
        assert!(!read(&other, &session.cookie, now));
        assert!(!read(&ours, &session.cookie, now + LASTS));
        assert_ne!(session.cookie, Session::open(&ours, now).cookie);
        for position in 0..session.cookie.len() {
            let mut forged = session.cookie.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(!read(&ours, &forged, now), "{position}");
        }
        for forged in ["", "A", "====", &session.cookie[..40]] {
            assert!(!read(&ours, forged, now), "{forged}");
        }
    }

    #[test]
    fn a_session_that_was_ended_stays_ended() {
        let key = key("one token of ours");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let (one, other) = (Session::open(&key, now), Session::open(&key, now));
        let ended = Ended::default();
        ended.end(&one, now);
        assert!(ended.holds(&one, now) && !ended.holds(&other, now));
    }
}
