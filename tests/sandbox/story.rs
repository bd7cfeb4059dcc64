//! A story of requests, one a line, put to both sides: every line is compared, and all differences are told at the end.
//!
//! A line is `METHOD path body => name /pointer`, the last two parts where they are needed, below `/v1/`. Before the method
//! may stand who asks (`nobody`, or `by {name}` with what an earlier line kept), `in namespace`, and `wrap 60s`.

use super::pair::{Ask, Pair, Token};
use std::fmt::Write as _;

pub(crate) async fn tell(pair: &Pair, story: &str) {
    let mut differences = String::new();
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Err(difference) = pair.compare(&ask(line)).await {
            let told = difference.split("asked before:").next();
            writeln!(differences, "{}", told.unwrap_or_default()).unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

pub(crate) fn ask(line: &str) -> Ask {
    let (line, kept) = match line.rsplit_once(" => ") {
        Some((line, kept)) => (line.trim(), Some(kept)),
        None => (line, None),
    };
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        word.to_owned()
    };
    let (mut by, mut namespace, mut wrap) = (Token::Admin, None, None);
    let mut method = word();
    loop {
        match method.as_str() {
            "nobody" => by = Token::Nobody,
            "by" => by = Token::Of(word()),
            "in" => namespace = Some(word()),
            "wrap" => wrap = Some(word()),
            _ => break,
        }
        method = word();
    }
    let path = word();
    let mut ask = Ask::new(&method, &format!("/v1/{path}")).by(by);
    if let Some(namespace) = namespace {
        ask = ask.header("x-vault-namespace", &namespace);
    }
    if let Some(wrap) = wrap {
        ask = ask.header("x-vault-wrap-ttl", &wrap);
    }
    if method == "PATCH" {
        ask = ask.header("content-type", "application/merge-patch+json");
    }
    if !rest.is_empty() {
        ask = match serde_json::from_str(rest) {
            Ok(json) => ask.json(json),
            Err(_) => ask.text(rest).header("content-type", "application/json"),
        };
    }
    for kept in kept
        .unwrap_or_default()
        .split(", ")
        .filter(|kept| !kept.is_empty())
    {
        let (name, pointer) = kept.split_once(' ').expect("a name and a pointer");
        ask = ask.keep(name, pointer);
    }
    ask
}
