//! Values that nobody may ever see in what keyfleet prints, and the search for them in every form that a program might
//! print them in. What looks like a token is found too, known or not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

/// Long enough that no chance finds it.
const SHORTEST: usize = 12;
/// `eyJ` is base64 of `{"`; a JWT has two such parts.
const JWT: &str = "eyJ";
/// What tokens of Vault and of `OpenBao` begin with, and how many letters and digits follow at least.
const VAULT_TOKENS: [(&str, usize); 4] = [("hvs.", 20), ("hvb.", 20), ("s.", 24), ("b.", 24)];

#[derive(Debug, Default)]
pub struct Canaries {
    forms: BTreeMap<String, String>,
}

impl Canaries {
    /// `what` names it in a failure, which must not show it either.
    pub fn add(&mut self, what: &str, value: &str) {
        assert!(
            value.len() >= SHORTEST,
            "{what} is too short to be told from other text"
        );
        let json = serde_json::to_string(value).unwrap();
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let debug = format!("{value:?}");
        let bytes = format!("{:?}", value.as_bytes());
        for (form, text) in [
            ("raw", value.to_owned()),
            ("hex", hex.to_uppercase()),
            ("hex", hex),
            (
                "url-encoded",
                utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            ),
            ("JSON", json[1..json.len() - 1].to_owned()),
            ("Debug", debug[1..debug.len() - 1].to_owned()),
            ("bytes", bytes[1..bytes.len() - 1].to_owned()),
        ] {
            self.forms.insert(text, format!("{what} ({form})"));
        }
        for shift in 0..3 {
            self.forms
                .insert(base64(value, shift, &STANDARD), format!("{what} (base64)"));
            self.forms.insert(
                base64(value, shift, &URL_SAFE),
                format!("{what} (base64url)"),
            );
        }
    }

    /// What of it is in the text; never the thing itself.
    pub fn found_in(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = self
            .forms
            .iter()
            .filter(|(form, _)| text.contains(form.as_str()))
            .map(|(_, what)| what.clone())
            .collect();
        found.extend(looks_like_tokens(text));
        found
    }
}

/// As it stands in base64 of a text in which so many bytes come before it: the part that does not depend on them.
fn base64(value: &str, shift: usize, engine: &impl base64::Engine) -> String {
    let padded = [vec![0; shift], value.as_bytes().to_vec()].concat();
    let whole = engine.encode(padded);
    let from = [0, 2, 3][shift];
    let whole = whole.trim_end_matches('=');
    // The last character may hold bits of what follows.
    whole[from..whole.len() - 1].to_owned()
}

fn looks_like_tokens(text: &str) -> Vec<String> {
    let is_inside =
        |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let mut found = Vec::new();
    for word in text.split(|character| !is_inside(character)) {
        let parts: Vec<_> = word.split('.').collect();
        if parts.windows(2).any(|two| {
            two.iter()
                .all(|part| part.starts_with(JWT) && part.len() > 16)
        }) {
            found.push("what looks like a JWT".to_owned());
        }
        for (prefix, least) in VAULT_TOKENS {
            let is_token = |rest: &str| {
                rest.len() >= least
                    && rest.chars().all(|character| {
                        character.is_ascii_alphanumeric() || "-_".contains(character)
                    })
            };
            if word.strip_prefix(prefix).is_some_and(is_token) {
                found.push(format!("what looks like a token ({prefix})"));
            }
        }
    }
    found
}
