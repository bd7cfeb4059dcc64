//! What is taken as a policy, and what the faults say. The real server is asked the same, and
//! more, in `tests/policy_real.rs`.

use super::super::*;
use super::{errors, pattern, policy};

#[test]
fn several_blocks_and_attributes_share_a_line() {
    let text = "path \"a\" { capabilities = [\"read\"] policy = \"read\" }, path \"b\" { }";
    let patterns: Vec<String> = policy(text)
        .rules()
        .map(|r| r.pattern.to_string())
        .collect();
    assert_eq!(patterns, ["a", "b"]);
}

#[test]
fn an_interpolation_is_part_of_the_path() {
    let policy = policy("path \"a${\"b\"\n}c\" { policy = \"read\" }");
    let rule = policy.rules().next().expect("a rule");
    assert_eq!(rule.pattern, pattern("a${\"b\"\n}c"));
}

#[test]
fn a_heredoc_is_a_string() {
    let text = "path \"a\" { required_parameters = [<<EOF\nx\nEOF\n, <<-END\n    y\n    END\n] }";
    assert_eq!(
        policy(text),
        policy(
            "path \"a\" { required_parameters = [\"x\n\", \"y\n\"] }"
                .replace("\n\"", "\\n\"")
                .as_str()
        )
    );
}

#[test]
fn every_fault_of_meaning_is_reported_where_it_is() {
    let errors = errors(
        "path \"a\" {\n  capabilities = [\"raed\", \"read\"]\n  capabilites = [\"read\"]\n}\npath \"b+*\" { max_wrapping_ttl = \"soon\" }\nfoo = 1\n",
    );
    let places: Vec<(usize, usize)> = errors.iter().map(|e| (e.line, e.column)).collect();
    assert_eq!(places, [(2, 19), (3, 3), (5, 6), (5, 33), (6, 1)]);
    let messages: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
    let expected = [
        "unknown capability \"raed\"",
        "a path has no key \"capabilites\"",
        "'+*' is not allowed in a path",
        "max_wrapping_ttl takes a duration, not a string",
        "a policy has no key \"foo\"",
    ];
    assert_eq!(messages, expected);
    assert!(errors.iter().all(|e| e.hint.is_some()), "{errors}");
}

#[test]
fn a_fault_of_grammar_says_what_was_wanted_and_where() {
    for (text, place, message) in [
        (
            "path \"a\" {\n  capabilities = [\"read\"]\n",
            (3, 1),
            "expected '}', found the end of the text",
        ),
        (
            "path \"a\" { capabilities [\"read\"] }",
            (1, 25),
            "expected '{' or '=', found '['",
        ),
        ("path \"a { }", (1, 6), "this string is never closed"),
        (
            "path \"a\" { x = <<EOF\ny\n}",
            (1, 16),
            "this heredoc is never closed",
        ),
        (
            "path \"a\" { policy = read }",
            (1, 21),
            "expected a value, found the word read",
        ),
        (
            "}",
            (1, 1),
            "expected the name of a block or attribute, found '}'",
        ),
        ("/* x", (1, 1), "this comment is never closed"),
        ("path 'a' {}", (1, 6), "unexpected character '\\''"),
        (
            "{\"path\": {'a': {}}}",
            (1, 11),
            "unexpected character '\\''",
        ),
        ("", (1, 1), "the text is empty"),
    ] {
        let errors = errors(text);
        let error = errors.iter().next().expect("a fault");
        assert_eq!((error.line, error.column), place, "{text}");
        assert_eq!(error.message, message, "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_named() {
    let errors = errors("\u{feff}path \"a\" { }");
    assert!(errors.to_string().contains("byte order mark"), "{errors}");
}

#[test]
fn a_path_that_somebody_else_wrote_is_no_pattern() {
    for path in [
        "kv/data/*",
        "kv/+/a",
        "+",
        "kv/{{identity.entity.id}}",
        "kv/+*",
    ] {
        assert!(PathPattern::exact(path).is_err(), "{path}");
    }
    let exact = PathPattern::exact("/kv/*/a+b").expect("no wildcard");
    assert!(exact.matches("kv/*/a+b") && !exact.matches("kv/x/a+b"));
}

#[test]
fn nesting_and_length_are_bounded() {
    for open in ["[", "{ x = "] {
        let deep = format!("path \"a\" {{ comment = {} }}", open.repeat(100_000));
        assert!(errors(&deep).to_string().contains("deep"), "{open}");
    }
    let deep = format!("{{\"path\": {}", "{\"a\": ".repeat(100_000));
    assert!(errors(&deep).to_string().contains("deep"));
    let long = format!("# {}", "x".repeat(MAX_POLICY_BYTES));
    assert!(errors(&long).to_string().contains("longer than"));
}

#[test]
fn each_server_refuses_the_words_of_the_other() {
    let scan = "path \"a\" { capabilities = [\"scan\"] pagination_limit = 1 }";
    let subscribe = "path \"a\" { capabilities = [\"subscribe\"] subscribe_event_types = [\"*\"] }";
    assert!(Policy::parse_for(Dialect::OpenBao, scan).is_ok());
    assert!(Policy::parse_for(Dialect::Vault, scan).is_err());
    assert!(Policy::parse_for(Dialect::OpenBao, subscribe).is_err());
    assert!(Policy::parse_for(Dialect::Vault, subscribe).is_ok());
    assert!(Policy::parse(scan).is_ok() && Policy::parse(subscribe).is_ok());
}
