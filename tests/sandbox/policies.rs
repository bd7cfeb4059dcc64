//! Policies are written, shown and taken away alike.

use super::pair::Ask;
use super::story::tell;
use super::vaults;
use keyfleet::policy::{Policy, difference};

#[tokio::test]
async fn a_policy_is_written_shown_and_deleted() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        LIST sys/policies/acl
        SCAN sys/policies/acl
        GET sys/policies/acl
        GET sys/policy
        LIST sys/policy
        GET sys/policies/acl/none
        GET sys/policy/none
        DELETE sys/policies/acl/none
        PUT sys/policies/acl/a {"policy":"path \"x\" { capabilities = [\"read\"] }"}
        GET sys/policies/acl/a
        GET sys/policy/a
        POST sys/policy/a {"policy":"path \"y\" { capabilities = [\"read\"] }"}
        GET sys/policies/acl/a
        POST sys/policy/old {"rules":"path \"y\" { policy = \"read\" }"}
        GET sys/policy/old
        GET sys/policies/acl/old
        POST sys/policies/acl/new {"rules":"path \"y\" { policy = \"read\" }"}
        GET sys/policies/acl/new
        PUT sys/policies/acl/MiXed {"policy":"path \"x\" { capabilities = [\"read\"] }"}
        GET sys/policies/acl/mixed
        GET sys/policies/acl/MIXED
        GET sys/policy/MIXED
        PUT sys/policies/acl/base {"policy":"cGF0aCAieCIgeyBjYXBhYmlsaXRpZXMgPSBbInJlYWQiXSB9"}
        GET sys/policies/acl/base
        PUT sys/policies/acl/team/b {"policy":"path \"x\" { capabilities = [\"read\"] }"}
        GET sys/policies/acl/team/b
        LIST sys/policies/acl
        SCAN sys/policies/acl
        LIST sys/policies/acl/team
        SCAN sys/policies/acl/team
        LIST sys/policy
        LIST sys/policies/detailed/acl
        SCAN sys/policies/detailed/acl
        GET sys/policies/detailed/acl
        LIST sys/policies/detailed/acl/team
        LIST sys/policies/acl?limit=2
        LIST sys/policies/acl?after=base
        LIST sys/policies/detailed/acl?after=base&limit=1
        DELETE sys/policies/acl/MIXED
        DELETE sys/policy/old
        DELETE sys/policies/acl/team/b
        LIST sys/policies/acl
        GET sys/policies
        LIST sys/policies
        LIST sys/policies/rgp
        POST sys/policies/acl {}
        DELETE sys/policies/acl
        "#,
    )
    .await;
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/a {}
        PUT sys/policies/acl/a {"policy":""}
        PUT sys/policies/acl/unreadable {"policy":1}
        PUT sys/policies/acl/a {"policy":{"path":{}}}
        PUT sys/policies/acl/a {"policy":["a"]}
        PUT sys/policies/acl/a {"policy":" # nothing"}
        GET sys/policies/acl/a
        PUT sys/policies/acl/a {"policy":"path \"x\" { capabilities = [\"foo\"] }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { foo = [\"foo\"] }"}
        PUT sys/policies/acl/a {"policy":"foo \"x\" { }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { policy = \"foo\" }"}
        PUT sys/policies/acl/a {"policy":"path \"x+*\" { policy = \"read\" }"}
        PUT sys/policies/acl/unreadable {"policy":"path \"x\" {"}
        PUT sys/policies/acl/a {"policy":"{"}
        PUT sys/policies/acl/unreadable {"policy":"nonsense"}
        PUT sys/policies/acl/unreadable {"policy":"path \"x\" { capabilities = \"read\" }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { capabilities = [\"read\"] min_wrapping_ttl = \"2h\" max_wrapping_ttl = \"1h\" }"}
        PUT sys/policies/acl/unreadable {"policy":"path \"x\" { capabilities = [\"read\"] min_wrapping_ttl = \"x\" }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { foo = 1\n bar = 2 }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { capabilities = [\"scan\"] }"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { capabilities = [\"subscribe\"] }"}
        PUT sys/policies/acl/a {"policy":"path \"{{x\" { capabilities = [\"read\"] }"}
        PUT sys/policies/acl/a {"policy":"path \"a\" { } path \"x\" { capabilities = [\"read\",\"other\"] }"}
        PUT sys/policies/acl/root {"policy":"path \"x\" { }"}
        PUT sys/policies/acl/Root {"policy":"path \"x\" { }"}
        DELETE sys/policies/acl/root
        DELETE sys/policies/acl/default
        PUT sys/policies/acl/response-wrapping {"policy":"path \"x\" { }"}
        DELETE sys/policies/acl/response-wrapping
        GET sys/policies/acl/response-wrapping
        GET sys/policies/acl/control-group
        PUT sys/policies/acl/control-group {"policy":"path \"x\" { }"}
        DELETE sys/policies/acl/control-group
        GET sys/policies/acl/root
        GET sys/policy/root
        PUT sys/policies/acl/default {"policy":"path \"x\" { capabilities = [\"read\"] }"}
        GET sys/policies/acl/default
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_policy_that_says_more_than_its_text_is_kept_so() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":-1}
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":-1}
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":0}
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":1}
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":"2"}
        PUT sys/policies/acl/a {"policy":"path \"x\" { }","cas":"x"}
        PUT sys/policies/acl/n {"policy":"path \"x\" { }","cas":0}
        PUT sys/policies/acl/n {"policy":"path \"x\" { }","cas":1}
        GET sys/policies/acl/a
        PUT sys/policies/acl/b {"policy":"path \"x\" { }","cas_required":true}
        PUT sys/policies/acl/b {"policy":"path \"x\" { }","cas_required":true,"cas":-1}
        PUT sys/policies/acl/b {"policy":"path \"x\" { }"}
        PUT sys/policies/acl/b {"policy":"path \"x\" { }","cas":1}
        GET sys/policies/acl/b
        DELETE sys/policies/acl/b
        PUT sys/policies/acl/b {"policy":"path \"x\" { }"}
        GET sys/policies/acl/b
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","ttl":"1h"}
        GET sys/policies/acl/c
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","expiration":"2040-01-01T00:00:00Z"}
        GET sys/policies/acl/c
        GET sys/policy/c
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","expiration":"2040-01-01T00:00:00Z","ttl":"1h"}
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","expiration":"2020-01-01T00:00:00Z"}
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","expiration":"soon"}
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","ttl":"soon"}
        PUT sys/policies/acl/c {"policy":"path \"x\" { }","ttl":"-1h"}
        GET sys/policies/acl/c
        PUT sys/policies/acl/d {"policy":"path \"x\" { }","allow_slashes_in_identity_templates":true,"allow_wildcards_in_identity_templates":true}
        GET sys/policies/acl/d
        PUT sys/policies/acl/d {"policy":"path \"x\" { }","bogus":1}
        PATCH sys/policies/acl/d {"cas_required":true}
        GET sys/policies/acl/d
        PATCH sys/policies/acl/d {"ttl":"1h"}
        PATCH sys/policies/acl/d {"ttl":"1h","cas":3}
        GET sys/policies/acl/d
        PATCH sys/policies/acl/d {"policy":"path \"z\" { }","cas":4}
        GET sys/policies/acl/d
        PATCH sys/policies/acl/none {"policy":"path \"z\" { }"}
        PATCH sys/policies/acl/a {"policy":"path \"z\" { capabilities = [\"x\"] }"}
        PATCH sys/policies/acl/a {}
        PATCH sys/policies/acl/root {"policy":"path \"z\" { }"}
        PATCH sys/policy/a {"policy":"path \"z\" { }"}
        GET sys/policies/acl/a
        LIST sys/policies/detailed/acl
        "#,
    )
    .await;
}

#[tokio::test]
async fn what_is_no_field_of_a_policy_is_said_or_refused() {
    let (pair, _sandbox, _real) = vaults().await;
    let text = r##""policy":"# one""##;
    tell(
        &pair,
        &r##"
        PUT sys/policies/acl/a {P}
        PUT sys/policies/acl/a {P,"other":1}
        PUT sys/policies/acl/a {"rules":"# two"}
        PUT sys/policies/acl/a {P,"policy":{}}
        PUT sys/policies/acl/a {P,"cas":"x"}
        PUT sys/policies/acl/a {P,"cas_required":"x"}
        PUT sys/policies/acl/a {P,"cas_required":{}}
        PUT sys/policies/acl/a {P,"expiration":"x"}
        PUT sys/policies/acl/a {P,"expiration":""}
        PUT sys/policies/acl/a {P,"expiration":{}}
        PUT sys/policies/acl/a {P,"expiration":4102444800.5}
        PUT sys/policies/acl/a {P,"expiration":1}
        PUT sys/policies/acl/a {P,"expiration":"4102444800"}
        GET sys/policies/acl/a?foo=1&name=b&after=c&limit=3
        GET sys/policies/acl/a?cas=x
        GET sys/policies/acl/none?foo=1
        GET sys/policies/acl?foo=1
        LIST sys/policies/acl?foo=1&name=b&after=c&limit=3&prefix=d
        LIST sys/policies/acl/a?foo=1&name=b&after=c&limit=3
        LIST sys/policies/acl/a
        LIST sys/policies/detailed/acl/a?foo=1&name=b&after=c&limit=3&prefix=d
        LIST sys/policies/detailed/acl/a
        GET sys/policy?foo=1&name=b
        PUT sys/policy/a {P,"rules":{}}
        PUT sys/policy/a {"rules":"# three","other":1,"name":"b"}
        PATCH sys/policies/acl/a {P,"rules":"x","other":1,"name":"b","ttl":"5h","cas":4}
        PATCH sys/policies/acl/a {P,"rules":"x","other":1,"name":"b","ttl":"5h"}
        PATCH sys/policies/acl/a {P,"cas":"x"}
        DELETE sys/policies/acl/a?cas=x
        DELETE sys/policies/acl/a?foo=1
        "##
        .replace("P,", &format!("{text},"))
        .replace("{P}", &format!("{{{text}}}")),
    )
    .await;
}

/// Their texts differ, as the table of differences says; what they grant may not.
#[tokio::test]
async fn the_policies_that_a_vault_begins_with_grant_the_same() {
    let (pair, _sandbox, _real) = vaults().await;
    for name in ["default", "response-wrapping", "control-group"] {
        let mut texts = Vec::new();
        for side in [&pair.sandbox, &pair.real] {
            let path = format!("/v1/sys/policies/acl/{name}");
            let answer = side.say(&Ask::new("GET", &path)).await;
            texts.push(answer.body["data"]["policy"].as_str().map(str::to_owned));
        }
        let meanings = texts.iter().map(|text| {
            let text = text.as_deref()?;
            Some(Policy::parse(text).unwrap())
        });
        match meanings.collect::<Vec<_>>().as_slice() {
            [Some(ours), Some(theirs)] => {
                let unlike = difference(theirs, ours);
                assert!(unlike.is_empty(), "{name}: {unlike:?}");
            }
            [ours, theirs] => assert_eq!(ours, theirs, "{name}"),
            _ => unreachable!(),
        }
    }
}

#[tokio::test]
async fn lists_are_sifted_where_there_are_lists() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/p {"policy":"path \"a\" { capabilities = [\"read\"] list_scan_response_keys_filter_path = \"{{ .path }}{{ .key }}\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a\" { capabilities = [\"read\"] list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a\" { capabilities = [\"scan\"] list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { list_scan_response_keys_filter_path = \"\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { policy = \"read\" list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { capabilities = [\"deny\"] list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { capabilities = [\"list\", \"deny\"] list_scan_response_keys_filter_path = \"x\" }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { capabilities = [\"read\"] pagination_limit = 2 }"}
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { capabilities = [\"read\"] list_scan_response_keys_filter_path = \"x\" frob = 1 }"}
        "#,
    )
    .await;
}
