use super::super::*;
use super::policy;

#[test]
fn policies_that_mean_the_same_are_equal() {
    for (one, other) in [
        (
            "path \"a\" { capabilities = [\"read\", \"list\"] }",
            "path \"a\" { policy = \"read\" }",
        ),
        (
            "path \"a\" { capabilities = [\"list\", \"read\", \"read\"] }",
            "# why\npath \"/a\" {\n  comment = \"x\"\n  policy = \"read\"\n}\n\n",
        ),
        (
            "path \"a\" { policy = \"read\" } path \"b\" { policy = \"deny\" }",
            "{\"path\": {\"b\": {\"policy\": \"deny\"}, \"a\": {\"capabilities\": [\"list\", \"read\"]}}}",
        ),
        (
            "path \"a\" { policy = \"read\" } path \"b\" { policy = \"deny\" }",
            "{\"path\": [{\"a\": {\"policy\": \"read\"}}, {\"b\": {\"policy\": \"deny\"}}]}",
        ),
        (
            "path \"a\" { capabilities = [\"read\"] } path \"a\" { capabilities = [\"list\"] }",
            "path \"a\" { capabilities = [\"read\"] capabilities = [\"list\"] }",
        ),
        (
            "path \"a\" { capabilities = [\"read\", \"deny\"] max_wrapping_ttl = \"1h\" }",
            "path \"a\" { policy = \"deny\" } path \"a\" { policy = \"sudo\" }",
        ),
        (
            "path \"a\" { min_wrapping_ttl = \"24h\" max_wrapping_ttl = 172800 }",
            "path \"a\" { min_wrapping_ttl = \"1d\" max_wrapping_ttl = \"48h0m0.0s\" }",
        ),
        (
            "path \"a\" { max_wrapping_ttl = \"1h\" } path \"a\" { max_wrapping_ttl = \"1m\" }",
            "path \"a\" { max_wrapping_ttl = 60 min_wrapping_ttl = 0 }",
        ),
        (
            "path \"a\" { allowed_parameters = { X = [\"1\", \"2\"], y = [] } }",
            "path \"a\" { allowed_parameters { x = [\"2\", \"1\", \"1\"] y = [] } }",
        ),
        (
            "path \"a\" { allowed_parameters = { x = [\"1\"] } } path \"a\" { allowed_parameters = { x = [] } }",
            "path \"a\" { allowed_parameters = { x = [] } }",
        ),
        (
            "path \"a\" { expiration = \"2099-01-01T01:00:00+01:00\" }",
            "path \"a\" { expiration = 4070908800 }",
        ),
        (
            "name = \"x\"\npath \"a\" { }",
            "path \"a\" { capabilities = [] }",
        ),
        (
            "path \"a\" {\r\n policy = \"read\"\r\n}\r\n",
            "path \"a\" { policy = \"read\" }",
        ),
    ] {
        assert_eq!(policy(one), policy(other), "{one}\n{other}");
    }
}

#[test]
fn policies_that_mean_different_things_are_not_equal() {
    for (one, other) in [
        ("path \"a\" { }", "path \"a\" { policy = \"deny\" }"),
        ("path \"a\" { }", "# nothing"),
        ("path \"a*\" { }", "path \"a\" { }"),
        ("path \"a/\" { }", "path \"a\" { }"),
        ("path \"//a\" { }", "path \"a\" { }"),
        ("path \"a\" { max_wrapping_ttl = 60 }", "path \"a\" { }"),
        (
            "path \"a\" { expiration = \"2099-01-01T00:00:00Z\" }",
            "path \"a\" { }",
        ),
        (
            "path \"a\" { allowed_parameters = { x = [1] } }",
            "path \"a\" { allowed_parameters = { x = [\"1\"] } }",
        ),
    ] {
        assert_ne!(policy(one), policy(other), "{one}\n{other}");
    }
}

#[test]
fn json_flattening_makes_a_lone_block_part_of_the_name() {
    // The server refuses this one: the parameters look like keys of the stanza.
    assert!(Policy::parse("{\"path\": {\"a\": {\"allowed_parameters\": {\"x\": []}}}}").is_err());
    let with_capabilities =
        "{\"path\": {\"a\": {\"policy\": \"read\", \"allowed_parameters\": {\"x\": []}}}}";
    assert_eq!(
        policy(with_capabilities),
        policy("path \"a\" { policy = \"read\" allowed_parameters = { x = [] } }")
    );
}

#[test]
fn expired_rules_go_away_at_their_time() {
    let policy = policy("path \"a\" { expiration = \"2030-01-01T00:00:00Z\" } path \"b\" { }");
    let at = |time: &str| policy.at(time.parse().expect(time)).rules().count();
    assert_eq!(
        (at("2029-12-31T23:59:59Z"), at("2030-01-01T00:00:01Z")),
        (2, 1)
    );
}
