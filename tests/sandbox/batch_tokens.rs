//! Tokens without a record that are told more than such tokens have; and what tidies those with one.

use super::story::tell;
use super::vaults;

/// The command line always says `explicit_max_ttl`, and a call that says it is asked no further.
#[tokio::test]
async fn a_batch_token_that_is_told_a_longest_time_may_have_more() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/create {"type":"batch","policies":["default"],"period":"1h","explicit_max_ttl":"0s"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"batch","policies":["default"],"period":"1h","explicit_max_ttl":""}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"1h","explicit_max_ttl":null}
        POST auth/token/create {"type":"batch","policies":["default"],"num_uses":2,"explicit_max_ttl":0} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"batch","policies":["default"],"explicit_max_ttl":"5m","period":"5m"}
        POST auth/token/create {"type":"batch","policies":["default"],"explicit_max_ttl":"x"}
        POST auth/token/create {"type":"batch","policies":["default"],"explicit_max_ttl":"-5m"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"x"}
        POST auth/token/create {"type":"batch","policies":["default"],"num_uses":2,"period":"x"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"30m","ttl":"5m","explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"5m","ttl":"30m","explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"9999h","explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"-5m","explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"period":"x","explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"num_uses":-2,"explicit_max_ttl":"0s"}
        POST auth/token/create {"type":"batch","policies":["default"],"id":"chosen"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by chosen GET auth/token/lookup-self
        POST auth/token/create {"type":"batch","policies":["default"],"id":"s.chosen"}
        POST auth/token/create {"type":"batch","policies":["default"],"id":"root"}
        POST auth/token/roles/open {"token_type":"batch","orphan":true,"renewable":false}
        POST auth/token/roles/bound {"token_type":"batch","orphan":true,"renewable":false,"allowed_policies":"default"}
        POST auth/token/create/open {"period":"1h"}
        POST auth/token/create/open {"period":"1h","explicit_max_ttl":"0s"}
        POST auth/token/create/open {"policies":"default","period":"1h","type":"batch"}
        POST auth/token/create/open {"policies":"default","id":"chosen"}
        POST auth/token/create/bound {"period":"1h"}
        POST auth/token/create/bound {"period":"1h","explicit_max_ttl":"0s"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        "#,
    )
    .await;
}

#[tokio::test]
async fn tokens_are_tidied() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        GET auth/token/tidy
        LIST auth/token/tidy
        DELETE auth/token/tidy
        PATCH auth/token/tidy {}
        POST auth/token/tidy/ {}
        POST auth/token/tidy/x {}
        by wrong POST auth/token/tidy {}
        POST auth/token/tidy {"a":"b"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_batch_token_without_a_policy_has_none() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/roles/none {"allowed_policies_glob":"a*","disallowed_policies":["default"],"token_type":"default-batch"}
        POST auth/token/create/none {} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        by {t} GET auth/token/lookup-self
        POST auth/token/roles/none {"token_type":"service"}
        POST auth/token/create/none {} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        "#,
    )
    .await;
}
