//! Which policies the tokens of a role may have.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn a_role_says_which_policies_its_tokens_have() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/roles/n {"orphan":true,"renewable":false,"token_type":"batch","token_num_uses":2}
        POST auth/token/roles/n {"orphan":true,"renewable":false,"token_type":"default-batch","token_num_uses":2}
        POST auth/token/roles/n {"orphan":true,"renewable":false,"token_type":"batch"}
        POST auth/token/roles/n {"token_num_uses":2}
        POST auth/token/roles/n {"orphan":false}
        POST auth/token/roles/n {"period":"1h"}
        POST auth/token/roles/n2 {"token_num_uses":2}
        POST auth/token/create/n2 {} => t /auth/client_token
        GET auth/token/roles/n
        POST auth/token/roles/n3 {"orphan":true,"renewable":true,"token_type":"batch","period":"1h"}
        POST auth/token/create/none {}
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\"] }"}
        PUT sys/policies/acl/sudoer {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\",\"sudo\"] }"}
        POST auth/token/create {"policies":["maker"],"meta":{"own":"x"}} => m /auth/client_token
        POST auth/token/create {"policies":["sudoer"]} => s /auth/client_token
        POST auth/token/roles/x {}
        POST auth/token/create/x {} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {s} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        POST auth/token/roles/x {"allowed_policies":["a","b","default"]}
        POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a","c"]} => t /auth/client_token
        POST auth/token/create/x {"policies":["a","c"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"no_default_policy":true} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"no_default_policy":true} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"id":"abc","bogus":1,"role_name":"z"} => t /auth/client_token
        POST auth/token/create/x {"policies":["a"],"id":"abc","bogus":1,"role_name":"z"} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"no_parent":true} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"period":"1h"} => t /auth/client_token
        POST auth/token/create/x {"policies":["a"],"period":"1h"} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"ttl":"10m","explicit_max_ttl":"20m","renewable":false,"type":"batch","num_uses":3,"display_name":"q","meta":{"a":"b"}} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"],"ttl":"10m","type":"batch"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {m} POST auth/token/create/x {"policies":["a"],"ttl":"10m","explicit_max_ttl":"20m","renewable":false,"num_uses":3,"display_name":"q","meta":{"a":"b"}} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/roles/x {"allowed_policies":["root"]}
        POST auth/token/create/x {} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {s} POST auth/token/create/x {} => t /auth/client_token
        POST auth/token/roles/x {"allowed_policies":[],"allowed_policies_glob":"a*,de*"}
        POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["ab"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["xab"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["ab"],"no_default_policy":true} => t /auth/client_token
        POST auth/token/roles/x {"allowed_policies":["zz"],"allowed_policies_glob":"a*,de*"}
        by {m} POST auth/token/create/x {} => t /auth/client_token
        POST auth/token/roles/x {"allowed_policies":[],"allowed_policies_glob":"","disallowed_policies":["c","default"]}
        POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["c"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["maker"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["maker","default"]} => t /auth/client_token
        POST auth/token/roles/x {"disallowed_policies":["c"]}
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["root"]} => t /auth/client_token
        by {m} POST auth/token/create/x {} => t /auth/client_token
        POST auth/token/create/x {} => t /auth/client_token
        POST auth/token/roles/x {"disallowed_policies":[],"disallowed_policies_glob":"c*"}
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["ca"]} => t /auth/client_token
        POST auth/token/roles/x {"allowed_policies":"a,b","disallowed_policies":["b"],"disallowed_policies_glob":""}
        by {m} POST auth/token/create/x {} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["a"]} => t /auth/client_token
        by {m} POST auth/token/create/x {"policies":["b"]} => t /auth/client_token
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_role_and_the_policies_of_a_parent() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\"] }"}
        PUT sys/policies/acl/sudoer {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\",\"sudo\"] }"}
        POST auth/token/create {"policies":["maker"],"meta":{"own":"x"}} => m /auth/client_token
        POST auth/token/create {"policies":["maker"],"no_default_policy":true} => md /auth/client_token
        POST auth/token/create {"policies":["sudoer"]} => s /auth/client_token
        POST auth/token/create {"policies":["maker","sudoer"],"num_uses":50} => mu /auth/client_token
        POST auth/token/create {"policies":["maker","sudoer"],"type":"batch"} => mb /auth/client_token
        POST auth/token/roles/y {"token_no_default_policy":true}
        by {m} POST auth/token/create/y {"policies":["maker"]}
        by {m} POST auth/token/create/y {}
        by {m} POST auth/token/create/y {"policies":["maker","default"]}
        by {m} POST auth/token/create/y {"policies":["maker","default"],"no_default_policy":true}
        by {md} POST auth/token/create/y {"policies":["maker"]}
        by {mu} POST auth/token/create/y {"policies":["maker"]}
        by {mb} POST auth/token/create/y {"policies":["maker"]}
        POST auth/token/roles/y {"allowed_policies":"a,b"}
        by {m} POST auth/token/create/y {"policies":["a"]}
        by {m} POST auth/token/create/y {"policies":["a","default"]}
        by {m} POST auth/token/create/y {}
        by {m} POST auth/token/create/y {"policies":["c"]}
        by {m} POST auth/token/create/y {"policies":["root"]}
        by {m} POST auth/token/create/y {"policies":["Root"]}
        POST auth/token/roles/y {"allowed_policies":"a,default"}
        by {m} POST auth/token/create/y {}
        POST auth/token/roles/y {"allowed_policies":"","token_no_default_policy":false,"disallowed_policies":"q"}
        by {md} POST auth/token/create/y {}
        by {md} POST auth/token/create/y {"policies":["zz"]}
        by {md} POST auth/token/create/y {"policies":["zz"],"no_default_policy":true}
        by {md} POST auth/token/create/y {"no_default_policy":true}
        by {m} POST auth/token/create/y {"no_default_policy":true}
        by {m} POST auth/token/create/y {"policies":["default","zz"],"no_default_policy":true}
        POST auth/token/roles/y {"token_no_default_policy":true}
        by {md} POST auth/token/create/y {}
        by {m} POST auth/token/create/y {}
        by {m} POST auth/token/create/y {"policies":["default","zz"]}
        by {m} POST auth/token/create/y {"policies":["zz"]}
        POST auth/token/roles/y {"disallowed_policies_glob":"*"}
        by {m} POST auth/token/create/y {"policies":["zz"]}
        by {m} POST auth/token/create/y {"policies":[]}
        POST auth/token/create/y {"policies":[]}
        POST auth/token/roles/y {"token_no_default_policy":false,"disallowed_policies_glob":"def*"}
        by {m} POST auth/token/create/y {"policies":["zz"]}
        by {m} POST auth/token/create/y {"policies":["zz"],"no_default_policy":true}
        POST auth/token/roles/y {"disallowed_policies_glob":"","disallowed_policies":"root"}
        POST auth/token/create/y {}
        POST auth/token/roles/y {"disallowed_policies_glob":"r*","disallowed_policies":""}
        POST auth/token/create/y {}
        POST auth/token/roles/y {"disallowed_policies_glob":"","disallowed_policies":"","allowed_policies_glob":"*a*b*"}
        by {m} POST auth/token/create/y {"policies":["xaxbx"]}
        by {m} POST auth/token/create/y {"policies":["axb"]}
        by {m} POST auth/token/create/y {"policies":["axbroot","response-wrapping"]}
        POST auth/token/roles/y {"allowed_policies_glob":"*"}
        by {m} POST auth/token/create/y {"policies":["response-wrapping"]}
        by {m} POST auth/token/create/y {"policies":["root"]}
        by {m} POST auth/token/create/y {"policies":["a"],"no_parent":true,"id":"q"}
        by {m} POST auth/token/create/y {"policies":["a"],"no_parent":true}
        by {m} POST auth/token/create/y {"policies":["a"],"no_parent":true,"period":"1h"}
        by {m} POST auth/token/create/y {"policies":["a"],"ttl":"x"}
        by {m} POST auth/token/create/y {"policies":["a"],"lease":"1h"}
        by {m} POST auth/token/create/y {"policies":["a"],"num_uses":-1}
        by {m} POST auth/token/create/y {"policies":["a"],"explicit_max_ttl":"-1h"}
        by {m} POST auth/token/create-orphan {"policies":["maker"],"role_name":"y"}
        by {m} POST auth/token/create {"policies":["maker"],"role_name":"y"} => z /auth/client_token
        by {z} GET auth/token/lookup-self
        POST auth/token/create {"role_name":"nope"}
        POST auth/token/create {"role_name":3}
        POST auth/token/create?role_name=y {}
        POST auth/token/create {"name":"nope"}
        by {m} GET auth/token/roles/y
        by {m} POST auth/token/roles/y {}
        POST auth/token/roles/y {"allowed_policies":{"a":1}}
        POST auth/token/roles/y {"orphan":"x"}
        POST auth/token/roles/y {"orphan":null,"renewable":null,"path_suffix":null,"token_type":null}
        POST auth/token/roles/y2 {"orphan":null,"renewable":null,"path_suffix":null,"token_type":null}
        POST auth/token/roles/y2 {"orphan":null,"renewable":null,"path_suffix":null}
        GET auth/token/roles/y2
        POST auth/token/roles/y2 {"period":null,"token_period":null,"explicit_max_ttl":null,"bound_cidrs":null,"token_bound_cidrs":null}
        POST auth/token/roles/y2 {"allowed_entity_aliases":null}
        GET auth/token/roles/y2
        POST auth/token/roles/y2 {"allowed_entity_aliases":[" b","A","a"]}
        GET auth/token/roles/y2
        POST auth/token/create/none {"policies":["a"],"num_uses":-1}
        by {m} POST auth/token/create/none {"policies":["a"],"num_uses":-1}
        by {mb} POST auth/token/create/none {"policies":["a"],"num_uses":-1}
        POST auth/token/create/%20y {}
        POST auth/token/create/-y {}
        POST auth/token/create/Y {}
        "#,
    )
    .await;
}
