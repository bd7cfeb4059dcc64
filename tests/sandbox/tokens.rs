//! Tokens are made, looked up, renewed and given back alike.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn root_makes_every_kind_of_token() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        GET auth/token/lookup-self
        POST auth/token/lookup-self {}
        POST auth/token/create {"policies":["a"],"ttl":"1h","meta":{"a":"b"}} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/create {}
        POST auth/token/create
        POST auth/token/create {"ttl":"1h"} => t /auth/client_token
        by {t} POST auth/token/create {}
        by {t} POST auth/token/create {"ttl":"30m"}
        POST auth/token/create {"ttl":"x"}
        POST auth/token/create {"ttl":"-1h"}
        POST auth/token/create {"ttl":"9999h","policies":["default"]}
        POST auth/token/create {"ttl":"9999h"}
        POST auth/token/create {"explicit_max_ttl":"1h","ttl":"2h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"explicit_max_ttl":"9999h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"explicit_max_ttl":"-1h","policies":["default"]}
        POST auth/token/create {"period":"9999h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"-1h","policies":["default"]}
        POST auth/token/create {"period":"1h"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","ttl":"2h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","policies":["default"],"explicit_max_ttl":"30m"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"service","policies":["default"]}
        POST auth/token/create {"type":"default","policies":["default"]}
        POST auth/token/create {"type":"default-batch","policies":["default"]}
        POST auth/token/create {"type":"weird"}
        POST auth/token/create {"type":"batch","policies":["b"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {t} POST auth/token/create {}
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/revoke-self {}
        POST auth/token/renew {"token":"{t}"}
        POST auth/token/revoke {"token":"{t}"}
        POST auth/token/revoke-orphan {"token":"{t}"}
        POST auth/token/create {"type":"batch","policies":["b"],"no_parent":true,"ttl":"1h","meta":{"x":"y"}} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"batch","period":"1h","policies":["default"]}
        POST auth/token/create {"type":"batch","explicit_max_ttl":"1h","policies":["default"]}
        POST auth/token/create {"type":"batch","num_uses":1,"policies":["default"]}
        POST auth/token/create {"type":"batch","policies":["root"]}
        POST auth/token/create {"type":"batch"}
        POST auth/token/create {"type":"batch","id":"x","policies":["a"]}
        POST auth/token/create {"id":"s.foo"}
        POST auth/token/create {"id":"hvs.foo"}
        POST auth/token/create {"id":"a.foo"}
        POST auth/token/create {"id":"root"}
        POST auth/token/create {"id":"custom1","policies":["default"]}
        by custom1 GET auth/token/lookup-self
        POST auth/token/create {"num_uses":-1}
        POST auth/token/create {"num_uses":"3","policies":["default"]}
        POST auth/token/create {"meta":{"a":1}}
        POST auth/token/create {"meta":{}}
        POST auth/token/create {"meta":null}
        POST auth/token/create {"meta":"a=b"}
        POST auth/token/create {"policies":"a,b","no_default_policy":true,"renewable":false,"display_name":"x y!","num_uses":3} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/create {"policies":["A"," b ","b",""]}
        POST auth/token/create {"policies":["root","b"]}
        POST auth/token/create {"policies":["response-wrapping"]}
        POST auth/token/create {"entity_alias":"x"}
        POST auth/token/create {"lease":"1h","policies":["default"]}
        POST auth/token/create {"no_parent":true,"policies":["default"],"ttl":60} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create-orphan {"policies":["default"],"ttl":"60"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"role":"a","bogus":1}
        POST auth/token/create/role {}
        GET auth/token/create
        LIST auth/token/create
        DELETE auth/token/create
        POST auth/token/lookup {"token":"nope"}
        GET auth/token/lookup?token=nope
        POST auth/token/lookup {}
        GET auth/token/lookup
        POST auth/token/lookup-accessor {}
        POST auth/token/lookup-accessor {"accessor":"nope"}
        POST auth/token/lookup {"token":"root"}
        GET auth/token/roles
        LIST auth/token/roles
        GET auth/token/roles/x
        DELETE auth/token/roles/x
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_is_renewed_up_to_its_limits() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/create {"policies":["default"],"ttl":"1h"} => t /auth/client_token, ta /auth/accessor
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/renew-self {"increment":"2h"}
        by {t} GET auth/token/lookup-self
        by {t} POST auth/token/renew-self {"increment":60}
        by {t} POST auth/token/renew-self {"increment":"-1h"}
        by {t} POST auth/token/renew-self {"increment":"x"}
        by {t} POST auth/token/renew-self {"increment":"9999h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/renew {}
        POST auth/token/renew {"token":"nope"}
        POST auth/token/renew {"token":"{t}"}
        POST auth/token/renew {"token":"{t}","increment":"5m"}
        POST auth/token/renew-accessor {}
        POST auth/token/renew-accessor {"accessor":"nope"}
        POST auth/token/renew-accessor {"accessor":"{ta}","increment":"3h"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/renew-self {}
        POST auth/token/renew {"token":"root"}
        POST auth/token/create {"policies":["default"],"ttl":"1h","renewable":false} => t /auth/client_token
        by {t} POST auth/token/renew-self {}
        POST auth/token/create {"policies":["default"],"ttl":"1h","explicit_max_ttl":"2h"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"90m"}
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"],"period":"1h"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"],"period":"1h","explicit_max_ttl":"90m"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"]} => t /auth/client_token
        by {t} POST auth/token/renew-self
        GET auth/token/renew-self
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_takes_its_children_with_it() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\"] }"}
        PUT sys/policies/acl/chief {"policy":"path \"auth/token/*\" { capabilities = [\"update\", \"sudo\", \"list\", \"read\"] }"}
        POST auth/token/create {"policies":["maker"],"ttl":"1h"} => p /auth/client_token, pa /auth/accessor
        by {p} POST auth/token/create {} => c /auth/client_token, ca /auth/accessor
        by {p} POST auth/token/create {"policies":["default"]} => d /auth/client_token
        by {p} POST auth/token/create {"policies":["chief"]}
        by {p} POST auth/token/create {"policies":["root"]}
        by {p} POST auth/token/create {"no_default_policy":true,"policies":["maker"]}
        by {p} POST auth/token/create {"no_parent":true}
        by {p} POST auth/token/create {"id":"own"}
        by {p} POST auth/token/create {"period":"1h"}
        by {p} POST auth/token/create {"type":"batch"} => b /auth/client_token
        by {p} POST auth/token/create-orphan {} => o /auth/client_token
        by {o} GET auth/token/lookup-self
        by {c} POST auth/token/create {} => g /auth/client_token
        by {g} GET auth/token/lookup-self
        by {p} LIST auth/token/accessors
        by {p} POST auth/token/revoke-orphan {"token":"{c}"}
        POST auth/token/revoke-orphan {"token":"{c}"}
        by {c} GET auth/token/lookup-self
        by {g} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        POST auth/token/revoke-accessor {"accessor":"{pa}"}
        by {p} GET auth/token/lookup-self
        by {d} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        by {o} GET auth/token/lookup-self
        by {g} GET auth/token/lookup-self
        POST auth/token/lookup-accessor {"accessor":"{pa}"}
        POST auth/token/lookup {"token":"{p}"}
        by {o} POST auth/token/revoke-self
        by {o} GET auth/token/lookup-self
        POST auth/token/revoke {}
        POST auth/token/revoke {"token":"nope"}
        POST auth/token/revoke {"token":"{g}"}
        by {g} GET auth/token/lookup-self
        POST auth/token/revoke-orphan {}
        POST auth/token/revoke-orphan {"token":"nope"}
        POST auth/token/revoke-accessor {}
        POST auth/token/revoke-accessor {"accessor":"nope"}
        POST auth/token/create {"policies":["chief"],"ttl":"1h"} => p /auth/client_token
        by {p} POST auth/token/create {"policies":["maker"]} => c /auth/client_token
        by {c} GET auth/token/lookup-self
        by {p} POST auth/token/create {"policies":["root"]}
        by {p} POST auth/token/create {"period":"1h","no_parent":true,"policies":["chief"]}
        by {p} POST auth/token/create {"policies":["default"],"num_uses":2} => u /auth/client_token
        by {u} GET auth/token/lookup-self
        by {u} POST auth/token/create {}
        by {u} GET auth/token/lookup-self
        POST auth/token/create {"policies":["chief"],"num_uses":2} => u /auth/client_token
        by {u} POST auth/token/create {}
        by {u} GET auth/token/lookup-self
        by {u} GET auth/token/lookup-self
        POST auth/token/create {"policies":["chief"],"num_uses":3} => u /auth/client_token
        by {u} GET sys/mounts
        by {u} POST auth/token/renew-self {}
        by {u} GET auth/token/lookup-self
        by {u} GET auth/token/lookup-self
        "#,
    )
    .await;
}
