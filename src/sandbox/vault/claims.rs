//! What the claims of a JWT must say for a login, and when it must be.

use super::super::jwt::Token;
use base64::DecodeError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Ways to sign with a private key, in the order in which the servers name them.
pub(super) const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
];

/// What is asked of a token; what is empty is not asked.
#[derive(Debug, Default)]
pub(super) struct Expected<'e> {
    pub issuer: &'e str,
    pub subject: &'e str,
    pub audiences: &'e [String],
    pub algorithms: &'e [&'e str],
    /// Seconds; 0 is the default, less than that is none.
    pub not_before_leeway: i64,
    pub expiration_leeway: i64,
    pub clock_skew_leeway: i64,
    /// Whether a token that says nothing of time is believed.
    pub timeless: bool,
}

/// Where a claim about time is missing, it is made up with this leeway.
const LEEWAY: i64 = 150;
const CLOCK_SKEW: i64 = 60;

/// Why a text is no JWT, in the words of the library that the real servers use.
pub(super) fn malformed(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != 3 {
        return Some("go-jose/go-jose: compact JWS format must have three parts".to_owned());
    }
    parts.iter().find_map(|part| {
        let at = match URL_SAFE_NO_PAD.decode(part) {
            Ok(_) => return None,
            Err(DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _)) => at,
            Err(_) => part.len() / 4 * 4,
        };
        Some(format!("illegal base64 data at input byte {at}"))
    })
}

pub(super) fn check(token: &Token, expected: &Expected<'_>, now: Timestamp) -> Result<(), String> {
    let algorithm = token.algorithm().unwrap_or_default();
    if !expected.algorithms.contains(&algorithm) {
        return Err(
            "invalid algorithm (alg) header parameter: token signed with unexpected algorithm"
                .to_owned(),
        );
    }
    let claims = &token.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if !expected.issuer.is_empty() && expected.issuer != text("iss") {
        return Err("invalid issuer (iss) claim".to_owned());
    }
    if !expected.subject.is_empty() && expected.subject != text("sub") {
        return Err("invalid subject (sub) claim".to_owned());
    }
    let audiences = audiences(claims);
    let wanted = expected.audiences;
    if !wanted.is_empty() && !wanted.iter().any(|wanted| audiences.contains(wanted)) {
        return Err(
            "invalid audience (aud) claim: audience claim does not match any expected audience"
                .to_owned(),
        );
    }
    check_times(claims, expected, now.as_second())
}

/// One text or a list of them.
pub(super) fn audiences(claims: &Map<String, Value>) -> Vec<String> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn check_times(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    now: i64,
) -> Result<(), String> {
    let time = |name: &str| {
        let value = claims.get(name);
        value.and_then(Value::as_f64).map_or(0, whole)
    };
    let leeway = |given: i64, default: i64| match given {
        0 => default,
        given => given.max(0),
    };
    let (issued, mut expires, mut begins) = (time("iat"), time("exp"), time("nbf"));
    if issued == 0 && expires == 0 && begins == 0 {
        return if expected.timeless {
            Ok(())
        } else {
            Err(
                "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"
                    .to_owned(),
            )
        };
    }
    if expires == 0 {
        expires = issued.max(begins) + leeway(expected.expiration_leeway, LEEWAY);
    }
    if begins == 0 {
        begins = match issued {
            0 => expires - leeway(expected.not_before_leeway, LEEWAY),
            issued => issued,
        };
    }
    let skew = leeway(expected.clock_skew_leeway, CLOCK_SKEW);
    if now + skew < begins {
        return Err("invalid not before (nbf) claim: token not yet valid".to_owned());
    }
    if now - skew > expires {
        return Err("invalid expiration time (exp) claim: token is expired".to_owned());
    }
    if now + skew < issued {
        return Err("invalid issued at (iat) claim: token issued in the future".to_owned());
    }
    Ok(())
}

fn whole(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time is cut to whole seconds, and to the nearest that there is"
    )]
    let seconds = number as i64;
    seconds
}

/// Whether a name is one of these, which may hold `*` for any text.
pub(super) fn any_glob(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| glob(pattern, name))
}

pub(super) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let cuts = (0..=text.len()).filter(|cut| text.is_char_boundary(*cut));
            let mut ends = cuts.filter_map(|cut| text.get(cut..));
            ends.any(|end| glob(rest, end))
        }),
    }
}
