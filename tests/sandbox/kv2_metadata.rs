//! KV version 2: the metadata of a secret, written, patched and checked.

use super::story::tell;
use super::vaults;

async fn both(story: &str) {
    let (pair, _sandbox, _real) = vaults().await;
    tell(&pair, story).await;
}

#[tokio::test]
async fn metadata_is_written_and_read() {
    both(
        r#"
        GET secret/metadata/a
        PUT secret/metadata/a {}
        PUT secret/metadata/a
        PUT secret/metadata/a {"foo":1}
        GET secret/metadata/a
        PUT secret/metadata/a {"max_versions":"2","foo":1}
        GET secret/metadata/a
        GET secret/metadata/a?foo=1
        GET secret/data/a
        LIST secret/metadata
        PUT secret/metadata/a {"max_versions":"0x3"}
        GET secret/metadata/a
        PUT secret/metadata/a {"max_versions":""}
        PUT secret/metadata/a {"max_versions":"010"}
        GET secret/metadata/a
        PUT secret/metadata/a {"max_versions":4294967297}
        PUT secret/metadata/a {"max_versions":true}
        GET secret/metadata/a
        PUT secret/metadata/a {"max_versions":null}
        PUT secret/metadata/a {"max_versions":"x"}
        PUT secret/metadata/a {"max_versions":"99999999999999999999"}
        PUT secret/metadata/a {"max_versions":1.5}
        PUT secret/metadata/a {"max_versions":[]}
        PUT secret/metadata/a {"max_versions":{"a":[1,"b"]}}
        PUT secret/metadata/a {"cas_required":1}
        PUT secret/metadata/a {"cas_required":"T"}
        GET secret/metadata/a
        PUT secret/metadata/a {"cas_required":""}
        PUT secret/metadata/a {"cas_required":null}
        PUT secret/metadata/a {"cas_required":2}
        PUT secret/metadata/a {"cas_required":"x"}
        PUT secret/metadata/a {"cas_required":{}}
        GET secret/metadata/a
        PUT secret/metadata/a/ {"max_versions":1}
        PUT secret/metadata/ {"max_versions":1}
        PUT secret/metadata {"max_versions":1}
        GET secret/metadata
        GET secret/metadata/
        DELETE secret/metadata
        DELETE secret/metadata/
        GET secret/metadata/a/
        PATCH secret/metadata {}
        "#,
    )
    .await;
}

#[tokio::test]
async fn custom_metadata_is_text() {
    let long = "x".repeat(513);
    let many: Vec<String> = (0..65).map(|count| format!("\"{count}\":\"x\"")).collect();
    let mut story = r#"
        PUT secret/metadata/a {"custom_metadata":{"a":"b","c":1,"d":true,"e":1.5}}
        GET secret/metadata/a
        PUT secret/data/a {"data":{}}
        GET secret/data/a
        DELETE secret/data/a
        GET secret/data/a
        PUT secret/metadata/a {"custom_metadata":{"z":"y"}}
        GET secret/metadata/a
        PUT secret/metadata/a {"custom_metadata":{"a":null}}
        PUT secret/metadata/a {"custom_metadata":{"a":[]}}
        PUT secret/metadata/a {"custom_metadata":{"a":["x"]}}
        PUT secret/metadata/a {"custom_metadata":{"a":{"b":1}}}
        PUT secret/metadata/a {"custom_metadata":{"":"x"}}
        PUT secret/metadata/a {"custom_metadata":{"a":"\u0001"}}
        PUT secret/metadata/a {"custom_metadata":"x"}
        PUT secret/metadata/a {"custom_metadata":[{"q":"r"}]}
        GET secret/metadata/a
        PUT secret/metadata/a {"custom_metadata":{}}
        GET secret/metadata/a
        PUT secret/metadata/a {"custom_metadata":null}
        PUT secret/metadata/a {"custom_metadata":{"a":"ü\nx"}}
        "#
    .to_owned();
    for fields in [
        format!("\"a\":\"{long}\""),
        format!("\"{long}\":\"a\""),
        many.join(","),
    ] {
        story += &format!("PUT secret/metadata/a {{\"custom_metadata\":{{{fields}}}}}\n");
    }
    story += "GET secret/metadata/a\n";
    both(&story).await;
}

#[tokio::test]
async fn metadata_is_patched() {
    both(
        r#"
        PATCH secret/metadata/none {}
        PATCH secret/metadata/none {"max_versions":2}
        PATCH secret/metadata/none {"foo":2}
        PUT secret/data/a {"data":{}}
        PATCH secret/metadata/a {}
        PATCH secret/metadata/a {"foo":1}
        PATCH secret/metadata/a {"max_versions":2,"custom_metadata":{"a":"b","c":"d"},"delete_version_after":"1h","cas_required":true}
        GET secret/metadata/a
        PATCH secret/metadata/a {"max_versions":1,"foo":1,"custom_metadata":{"a":null,"e":"f"}}
        GET secret/metadata/a
        PATCH secret/metadata/a {"custom_metadata":{"e":1}}
        PATCH secret/metadata/a {"custom_metadata":{"e":true}}
        PATCH secret/metadata/a {"custom_metadata":{"e":[]}}
        PATCH secret/metadata/a {"custom_metadata":{"e":""}}
        PATCH secret/metadata/a {"custom_metadata":"x"}
        PATCH secret/metadata/a {"custom_metadata":[]}
        GET secret/metadata/a
        PATCH secret/metadata/a {"max_versions":-1}
        PATCH secret/metadata/a {"max_versions":4294967296}
        PATCH secret/metadata/a {"max_versions":"x"}
        PATCH secret/metadata/a {"max_versions":null}
        GET secret/metadata/a
        PATCH secret/metadata/a {"delete_version_after":null}
        PATCH secret/metadata/a {"delete_version_after":-1}
        PATCH secret/metadata/a {"delete_version_after":0}
        PATCH secret/metadata/a {"cas_required":"false"}
        GET secret/metadata/a
        PATCH secret/metadata/a {"custom_metadata":{"c":null,"e":null}}
        GET secret/metadata/a
        PATCH secret/metadata/a {"custom_metadata":null}
        PATCH secret/metadata/a/ {"max_versions":1}
        GET secret/metadata/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn writes_of_metadata_are_checked_and_set() {
    both(
        r#"
        PUT secret/metadata/a {"max_versions":2,"metadata_cas":1}
        PUT secret/metadata/a {"max_versions":2,"metadata_cas":0}
        PUT secret/metadata/a {"max_versions":2,"metadata_cas":0}
        PUT secret/metadata/a {"max_versions":3,"metadata_cas":1}
        PUT secret/metadata/a {"metadata_cas":2}
        PUT secret/metadata/a {"metadata_cas":7}
        PUT secret/metadata/a {"max_versions":3,"metadata_cas":"x"}
        PUT secret/metadata/a {"metadata_cas_required":true}
        PUT secret/metadata/a {"max_versions":4}
        PATCH secret/metadata/a {"max_versions":4}
        PATCH secret/metadata/a {"max_versions":4,"metadata_cas":7}
        GET secret/metadata/a
        PATCH secret/metadata/a {"max_versions":4,"metadata_cas":3}
        GET secret/metadata/a
        PUT secret/config {"metadata_cas_required":true}
        GET secret/config
        PUT secret/metadata/b {"max_versions":4}
        PUT secret/metadata/b {"max_versions":4,"metadata_cas":0}
        PUT secret/metadata/b {"metadata_cas_required":false,"metadata_cas":1}
        PATCH secret/metadata/b {"metadata_cas_required":false,"metadata_cas":2}
        PUT secret/data/c {"data":{}}
        PUT secret/metadata/c {"max_versions":4,"metadata_cas":0}
        GET secret/metadata/b
        GET secret/metadata/c
        "#,
    )
    .await;
}
