//! KV version 2: versions, what is known about them, and everything that is refused.

use super::story::tell;
use super::vaults;

/// `secret/` is there from the start.
async fn both(story: &str) {
    let (pair, _sandbox, _real) = vaults().await;
    tell(&pair, story).await;
}

#[tokio::test]
async fn every_write_is_a_version() {
    both(
        r#"
        GET secret/data/a
        GET secret/data/a?version=1
        PUT secret/data/a {"data":{"x":1.0,"big":12345678901234567890,"f":1.5,"h":9007199254740993,"e":1e25,"n":-0.0}}
        GET secret/data/a
        POST secret/data/a {"data":{"x":"ü<>&","l":[1.0,{"y":2.0}],"z":null}}
        GET secret/data/a
        GET secret/data/a?version=1
        GET secret/data/a?version=2
        GET secret/data/a?version=3
        GET secret/data/a?version=0
        GET secret/data/a?version=-1
        GET secret/data/a?version=
        GET secret/data/a?version=x
        GET secret/data/a?version=1.5
        GET secret/data/a?version=0x2
        GET secret/data/a?foo=1
        GET secret/data/a?foo=1&bar=2&path=3
        GET secret/data/a/
        GET secret/subkeys/a/
        GET secret/metadata/a/
        DELETE secret/data/a/
        GET secret/data/a/
        PUT secret/data/a {"data":null}
        GET secret/data/a
        GET secret/subkeys/a
        PATCH secret/data/a {"data":{"x":1}}
        PUT secret/data/a {"data":{}}
        GET secret/data/a
        GET secret/metadata/a
        PUT secret/data/a {"data":{"a":1},"foo":7,"bar":8}
        PUT secret/data/a {"data":{"a":1},"path":7}
        PUT secret/data/a?version=x {"data":{"a":1}}
        PUT secret/data/f/a%20b {"data":{"a":1}}
        GET secret/data/f/a%20b
        DELETE secret/metadata/f/a%20b/
        GET secret/data/f/a%20b
        LIST secret/metadata
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_write_that_cannot_be_read_is_refused() {
    both(
        r#"
        PUT secret/data/a
        PUT secret/data/a {}
        PUT secret/data/a {"foo":1}
        PUT secret/data/a {"data":"x"}
        PUT secret/data/a {"data":""}
        PUT secret/data/a {"data":5}
        PUT secret/data/a {"data":true}
        PUT secret/data/a {"data":[1]}
        PUT secret/data/a {"data":[]}
        PUT secret/data/a {"data":[{"a":1},{"b":2}]}
        GET secret/data/a
        PUT secret/data/a {"data":{},"options":"x"}
        PUT secret/data/a {"data":{},"options":[]}
        PUT secret/data/a {"data":{},"options":null}
        PUT secret/data/a {"data":{},"version":7}
        PUT secret/data/a {"data":{},"version":"abc"}
        PUT secret/data/a/ {"data":{}}
        PUT secret/data/ {"data":{}}
        PUT secret/data {"data":{}}
        GET secret/metadata/a
        LIST secret/metadata
        "#,
    )
    .await;
}

#[tokio::test]
async fn check_and_set_is_checked() {
    both(
        r#"
        PUT secret/data/a {"data":{"v":1},"options":{"cas":1}}
        PUT secret/data/a {"data":{"v":1},"options":{"cas":0}}
        PUT secret/data/a {"data":{"v":2},"options":{"cas":0}}
        PUT secret/data/a {"data":{"v":2},"options":{"cas":"1"}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":null}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":"x"}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":1.5}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":-1}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":true}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":{}}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":""}}
        PUT secret/data/a {"data":{"v":3},"options":{"cas":2,"other":1}}
        PUT secret/data/a {"data":{"v":3},"options":{}}
        PUT secret/metadata/a {"cas_required":true}
        PUT secret/data/a {"data":{"v":4}}
        PATCH secret/data/a {"data":{"v":4}}
        PATCH secret/data/a {"data":{"v":4},"options":{"cas":9}}
        PATCH secret/data/a {"data":{"w":4},"options":{"cas":4}}
        PUT secret/config {"cas_required":true}
        PUT secret/data/new {"data":{"v":4}}
        PUT secret/data/new {"data":{"v":4},"options":{"cas":0}}
        PUT secret/metadata/a {"cas_required":false}
        PUT secret/metadata/a {"cas_required":false,"foo":1}
        PATCH secret/metadata/a {"cas_required":false}
        PUT secret/data/a {"data":{"v":4}}
        GET secret/metadata/a
        DELETE secret/data/a
        PUT secret/data/a {"data":{"v":5},"options":{"cas":0}}
        PUT secret/data/a {"data":{"v":5},"options":{"cas":5}}
        GET secret/data/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn versions_are_deleted_taken_back_and_destroyed() {
    let mut story = r#"
        DELETE secret/data/a
        PUT secret/delete/a {"versions":[1]}
        PUT secret/undelete/a {"versions":[1]}
        PUT secret/destroy/a {"versions":[1]}
        PUT secret/data/a {"data":{"v":1}}
        PUT secret/data/a {"data":{"v":2}}
        PUT secret/data/a {"data":{"v":3}}
        DELETE secret/data/a
        GET secret/data/a
        GET secret/data/a?foo=1
        GET secret/data/a?version=2
        GET secret/subkeys/a
        PATCH secret/data/a {"data":{"w":1}}
        PATCH secret/data/a {"data":{"w":1},"foo":1}
        DELETE secret/data/a
        DELETE secret/data/a?version=x
        GET secret/metadata/a
        PUT secret/undelete/a {"versions":[3]}
        GET secret/data/a
        PUT secret/delete/a {"versions":[1,2,77]}
        PUT secret/delete/a {"versions":"1,3"}
        GET secret/metadata/a
        PUT secret/undelete/a {"versions":1,"foo":2}
        PUT secret/destroy/a {"versions":["2",9]}
        GET secret/data/a?version=2
        GET secret/subkeys/a?version=2
        PUT secret/undelete/a {"versions":[2,3]}
        PUT secret/delete/a {"versions":[2]}
        GET secret/metadata/a
        PUT secret/destroy/a {"versions":[3]}
        GET secret/data/a
        PATCH secret/data/a {"data":{"w":1}}
        DELETE secret/data/a
        PUT secret/data/a {"data":{"v":4}}
        GET secret/metadata/a
        DELETE secret/metadata/a
        DELETE secret/metadata/a
        GET secret/metadata/a
        GET secret/data/a
        PUT secret/data/a {"data":{"v":1}}
        "#
    .to_owned();
    for endpoint in ["delete", "undelete", "destroy"] {
        for body in [
            "",
            "{}",
            r#"{"versions":[]}"#,
            r#"{"versions":""}"#,
            r#"{"versions":"x"}"#,
            r#"{"versions":null}"#,
            r#"{"versions":1.5}"#,
            r#"{"versions":["6","x","y"]}"#,
            r#"{"versions":{}}"#,
            r#"{"versions":{"a":1}}"#,
            r#"{"versions":true}"#,
            r#"{"versions":[true,null,""]}"#,
            r#"{"versions":"1, 2"}"#,
            r#"{"versions":[[1]]}"#,
            r#"{"versions":[-1]}"#,
            r#"{"versions":"99999999999999999999"}"#,
            r#"{"max_versions":3}"#,
        ] {
            story += &format!("PUT secret/{endpoint}/a {body}\n");
        }
        for method in ["GET", "LIST", "SCAN", "DELETE"] {
            story += &format!("{method} secret/{endpoint}/a\n{method} secret/{endpoint}\n");
        }
        story += &format!("PATCH secret/{endpoint}/a {{}}\n");
    }
    story += "GET secret/metadata/a\n";
    both(&story).await;
}

#[tokio::test]
async fn old_versions_go() {
    let mut story = String::new();
    for version in 1..=12 {
        story += &format!("PUT secret/data/ten {{\"data\":{{\"v\":{version}}}}}\n");
    }
    story += r#"
        GET secret/metadata/ten
        GET secret/data/ten?version=2
        GET secret/data/ten?version=3
        PUT secret/metadata/ten {"max_versions":2}
        GET secret/metadata/ten
        PUT secret/data/ten {"data":{"v":13}}
        GET secret/metadata/ten
        PUT secret/metadata/ten {"max_versions":4}
        PUT secret/data/ten {"data":{"v":14}}
        PATCH secret/data/ten {"data":{"v":15}}
        PUT secret/data/ten {"data":{"v":16}}
        GET secret/metadata/ten
        PUT secret/config {"max_versions":3}
        PUT secret/data/ten {"data":{"v":17}}
        PUT secret/data/b {"data":{"v":1}}
        PUT secret/data/b {"data":{"v":2}}
        PUT secret/data/b {"data":{"v":3}}
        PUT secret/data/b {"data":{"v":4}}
        GET secret/metadata/b
        GET secret/metadata/ten
        PUT secret/metadata/b {"max_versions":1}
        PUT secret/data/b {"data":{"v":5}}
        GET secret/metadata/b
        PUT secret/config {"max_versions":0}
        PUT secret/data/b {"data":{"v":6}}
        PUT secret/undelete/b {"versions":[4,5]}
        GET secret/metadata/b
        PUT secret/metadata/b {"max_versions":-1}
        GET secret/metadata/b
        "#;
    both(&story).await;
}

#[tokio::test]
async fn versions_may_end_by_themselves() {
    both(
        r#"
        PUT secret/metadata/a {"delete_version_after":"1h"}
        PUT secret/data/a {"data":{"v":1}}
        GET secret/data/a
        PUT secret/config {"delete_version_after":"30m"}
        PUT secret/data/a {"data":{"v":2}}
        PUT secret/data/b {"data":{"v":1}}
        GET secret/metadata/a
        DELETE secret/data/b
        GET secret/metadata/b
        PUT secret/undelete/b {"versions":[1]}
        GET secret/metadata/b
        GET secret/data/b
        PUT secret/config {"delete_version_after":-1}
        GET secret/config
        PUT secret/data/a {"data":{"v":3}}
        PUT secret/undelete/a {"versions":[1]}
        GET secret/metadata/a
        PUT secret/config {"delete_version_after":0}
        GET secret/config
        PUT secret/metadata/a {"delete_version_after":0}
        PUT secret/data/a {"data":{"v":4}}
        GET secret/metadata/a
        PUT secret/metadata/a {"delete_version_after":"90"}
        PUT secret/metadata/a {"delete_version_after":90.0}
        PUT secret/metadata/a {"delete_version_after":"1.5s"}
        GET secret/metadata/a
        PUT secret/metadata/a {"delete_version_after":"1d"}
        GET secret/metadata/a
        PUT secret/metadata/a {"delete_version_after":""}
        GET secret/metadata/a
        PUT secret/metadata/a {"delete_version_after":null}
        PUT secret/metadata/a {"delete_version_after":"x"}
        PUT secret/metadata/a {"delete_version_after":-1}
        PUT secret/metadata/a {"delete_version_after":"-3s"}
        PUT secret/metadata/a {"delete_version_after":[]}
        PUT secret/metadata/a {"delete_version_after":true}
        PUT secret/metadata/a {"delete_version_after":1.5}
        PUT secret/config {"delete_version_after":"x"}
        PUT secret/config {"delete_version_after":"-3s"}
        GET secret/config
        GET secret/metadata/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_version_that_ended_is_gone() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT secret/metadata/a {"delete_version_after":"1s"}
        PUT secret/data/a {"data":{"v":1}}
        GET secret/data/a
        "#,
    )
    .await;
    // Both clocks run: there is nothing to ask for that tells when the second is over.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    tell(
        &pair,
        r#"
        GET secret/data/a
        DELETE secret/data/a
        PATCH secret/data/a {"data":{"w":1}}
        GET secret/metadata/a
        PUT secret/delete/a {"versions":[1]}
        PUT secret/metadata/a {"delete_version_after":0}
        PUT secret/undelete/a {"versions":[1]}
        GET secret/data/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_patch_is_a_merge() {
    both(
        r#"
        PATCH secret/data/a {"data":{"a":1}}
        PUT secret/data/a {"data":{"a":1,"b":{"c":1,"d":2},"l":[1]}}
        PATCH secret/data/a {"data":{"a":2,"b":{"c":null,"e":{"f":null,"g":1}}}}
        GET secret/data/a
        PATCH secret/data/a {"data":{"l":null},"foo":1}
        GET secret/data/a
        PATCH secret/data/a {"data":{"b":[1,null,{"x":null,"y":1}],"c":{"d":[null]}}}
        GET secret/data/a
        PATCH secret/data/a {"data":{"b":{"z":1},"a":{"q":null}}}
        GET secret/data/a
        PATCH secret/data/a {"data":{}}
        PATCH secret/data/a {"data":[]}
        PATCH secret/data/a {}
        PATCH secret/data/a
        PATCH secret/data/a {"data":"x"}
        PATCH secret/data/a {"data":{},"options":"x"}
        PATCH secret/data/a {"data":{"f":1.0}}
        GET secret/data/a
        PATCH secret/data/a {"data":null}
        GET secret/data/a
        PATCH secret/data/a {"data":{"f":1.0}}
        PATCH secret/data/a/ {"data":{}}
        PUT secret/metadata/b {"max_versions":3}
        PATCH secret/data/b {"data":{}}
        PATCH secret/data/b {"data":{},"options":{"cas":0}}
        GET secret/data/b
        GET secret/subkeys/b
        DELETE secret/data/b
        GET secret/metadata/b
        "#,
    )
    .await;
}

#[tokio::test]
async fn keys_are_told_without_their_values() {
    both(
        r#"
        GET secret/subkeys/a
        PUT secret/data/a {"data":{"a":1,"b":{"c":{"d":1},"e":{}},"l":[{"x":1}]}}
        PUT secret/data/a {"data":{"z":"y"}}
        GET secret/subkeys/a
        GET secret/subkeys/a?version=1
        GET secret/subkeys/a?version=1&depth=0
        GET secret/subkeys/a?version=1&depth=1
        GET secret/subkeys/a?version=1&depth=2
        GET secret/subkeys/a?version=1&depth=3
        GET secret/subkeys/a?version=1&depth=-1
        GET secret/subkeys/a?depth=x
        GET secret/subkeys/a?version=x
        GET secret/subkeys/a?foo=1
        GET secret/subkeys/a?version=9
        GET secret/subkeys/
        GET secret/subkeys
        LIST secret/subkeys
        LIST secret/subkeys/a
        SCAN secret/subkeys/a
        DELETE secret/subkeys/a
        PUT secret/subkeys/a {}
        PATCH secret/subkeys/a {}
        "#,
    )
    .await;
}

#[tokio::test]
async fn secrets_are_listed_and_scanned() {
    let mut story =
        "LIST secret/metadata\nSCAN secret/metadata\nLIST secret/detailed-metadata\n".to_owned();
    for path in [
        "b", "a", "a/b", "a/c/d", "a/a", "c/x", "c/y/z", "a-b", "a/c", "d/e/f", "a0",
    ] {
        story += &format!("PUT secret/data/{path} {{\"data\":{{}}}}\n");
    }
    for endpoint in ["metadata", "detailed-metadata"] {
        for rest in [
            "",
            "/",
            "/a",
            "/a/",
            "/a/c",
            "/c",
            "/b",
            "/none",
            "?after=b",
            "?after=a",
            "?after=a/",
            "?after=aa",
            "?after=zz",
            "?limit=2",
            "?limit=0",
            "?limit=-3",
            "?limit=x",
            "?after=b&limit=1",
            "?foo=1",
            "/none?foo=1",
            "/a?after=b&limit=1",
        ] {
            story += &format!("LIST secret/{endpoint}{rest}\nSCAN secret/{endpoint}{rest}\n");
        }
    }
    story += r#"
        GET secret/metadata?list=true
        GET secret/metadata?list=true&limit=1
        GET secret/metadata/a?scan=true
        GET secret/detailed-metadata
        GET secret/detailed-metadata/a
        DELETE secret/detailed-metadata/a
        PUT secret/detailed-metadata/a {}
        PUT secret/detailed-metadata/none {}
        PATCH secret/detailed-metadata/a {}
        DELETE secret/data/a
        PUT secret/metadata/c {"custom_metadata":{"x":"y"},"max_versions":1}
        LIST secret/detailed-metadata
        DELETE secret/metadata/a
        DELETE secret/metadata/d/e/f
        LIST secret/metadata
        SCAN secret/detailed-metadata
        "#;
    both(&story).await;
}

#[tokio::test]
async fn a_mount_has_settings() {
    both(
        r#"
        GET secret/config
        GET secret/config?foo=1
        PUT secret/config {}
        PUT secret/config
        PUT secret/config {"foo":1}
        PUT secret/config {"max_versions":3,"cas_required":true,"delete_version_after":"1h","foo":1}
        GET secret/config
        PUT secret/config {"max_versions":"x"}
        PUT secret/config {"cas_required":"x"}
        PUT secret/config {"cas_required":[]}
        PUT secret/config {"max_versions":null,"cas_required":null,"delete_version_after":null}
        GET secret/config
        PUT secret/config {"max_versions":-1}
        GET secret/config
        DELETE secret/config
        LIST secret/config
        SCAN secret/config
        PATCH secret/config {}
        GET secret/config/
        PUT secret/config/ {}
        DELETE secret/config/
        GET secret/config/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn paths_that_are_no_endpoints_are_told() {
    let mut story = String::new();
    for path in [
        "secret",
        "secret/",
        "secret/foo",
        "secret/foo/bar",
        "secret/data",
        "secret/data/",
        "secret/metadata",
        "secret/delete",
        "secret/destroy",
        "secret/undelete",
        "secret/subkeys",
        "secret/detailed-metadata",
        "secret/datax/a",
        "secret/data/x/y/",
    ] {
        for method in ["GET", "LIST", "SCAN", "DELETE"] {
            story += &format!("{method} {path}\n");
        }
        story +=
            &format!("PUT {path} {{\"max_versions\":3}}\nPATCH {path} {{\"max_versions\":3}}\n");
    }
    both(&story).await;
}

#[tokio::test]
async fn policies_hold_on_every_endpoint() {
    let policy = r#"path \"secret/data/team/*\" { capabilities = [\"create\", \"read\", \"patch\"] } path \"secret/metadata/team/*\" { capabilities = [\"list\", \"read\"] } path \"secret/detailed-metadata/*\" { capabilities = [\"scan\"] } path \"secret/delete/team/a\" { capabilities = [\"update\"] } path \"secret/undelete/team/a\" { capabilities = [\"create\"] }"#;
    let mut story = format!(
        "PUT sys/policies/acl/narrow {{\"policy\":\"{policy}\"}}\n\
         PUT auth/token/create {{\"policies\":[\"narrow\"]}} => narrow /auth/client_token\n"
    );
    for line in r#"
        PUT secret/data/team/a {"data":{"v":1}}
        PUT secret/data/team/a {"data":{"v":2}}
        PATCH secret/data/team/a {"data":{"v":3}}
        GET secret/data/team/a
        GET secret/data/other
        PUT secret/data/other {"data":{}}
        DELETE secret/data/team/a
        GET secret/metadata/team/a
        PUT secret/metadata/team/a {"max_versions":1}
        PUT secret/metadata/team/new {"max_versions":1}
        LIST secret/metadata/team
        LIST secret/metadata
        SCAN secret/metadata/team
        SCAN secret/detailed-metadata
        LIST secret/detailed-metadata
        PUT secret/delete/team/a {"versions":[1]}
        PUT secret/undelete/team/a {"versions":[1]}
        PUT secret/destroy/team/a {"versions":[1]}
        GET secret/subkeys/team/a
        GET secret/config
        "#
    .lines()
    .map(str::trim)
    .filter(|line| !line.is_empty())
    {
        story += &format!("by {{narrow}} {line}\n");
    }
    both(&story).await;
}
