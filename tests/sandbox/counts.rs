//! Each request is counted once, as what it is.

use super::story::tell;
use super::vaults;
use keyfleet::sandbox::Kind;

#[tokio::test]
async fn a_request_counts_as_what_it_is() {
    let (pair, sandbox, _real) = vaults().await;
    let counted = async |story: &str| {
        sandbox.take_counts();
        tell(&pair, story).await;
        sandbox.take_counts().into_iter().collect::<Vec<_>>()
    };
    let reads = r#"
        GET sys/health
        GET sys/policies/acl/none
        LIST sys/policies/acl
        POST sys/capabilities-self {"path":"a"}
        GET auth/token/lookup-self
        POST auth/token/lookup {"token":"root"}
        GET sys/internal/ui/mounts/secret
        GET secret/metadata/none
        nobody GET sys/mounts
    "#;
    assert_eq!(counted(reads).await, [(Kind::Read, 9)]);
    let logins = r#"
        POST auth/token/create {"policies":["default"]} => t /auth/client_token
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/revoke-self {}
        POST auth/nope/login {}
    "#;
    assert_eq!(counted(logins).await, [(Kind::Login, 4)]);
    let writes = r#"
        PUT sys/policies/acl/a {"policy":"path \"x\" { }"}
        DELETE sys/policies/acl/a
        POST sys/mounts/old {"type":"kv"}
        POST secret/data/a {"data":{"a":"b"}}
        POST old/a {"a":"b"}
    "#;
    assert_eq!(counted(writes).await, [(Kind::Write, 5)]);
    let values = r"
        GET secret/data/a
        GET old/a
    ";
    assert_eq!(counted(values).await, [(Kind::Value, 2)]);
}
