//! Roles of tokens, and what tokens are like that are made by them.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn a_role_is_written_and_shown() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        LIST auth/token/roles
        POST auth/token/roles/x {}
        GET auth/token/roles/x
        GET auth/token/roles/X
        LIST auth/token/roles
        GET auth/token/roles?list=true
        LIST auth/token/roles?after=a&limit=1
        GET auth/token/roles/x?bogus=1
        POST auth/token/roles/x {"bogus":1,"role_name":"q"}
        POST auth/token/roles/x {"allowed_policies":"a,B, b ,default"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"allowed_policies":["root","a"],"disallowed_policies":["B","b","a"],"allowed_policies_glob":["B*","x*"],"disallowed_policies_glob":["Y","y"],"allowed_entity_aliases":["Q","q"]}
        GET auth/token/roles/x
        POST auth/token/roles/x {"allowed_policies":null,"disallowed_policies":null}
        GET auth/token/roles/x
        POST auth/token/roles/x {"period":"1h"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"token_period":"2h"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"period":"1h","token_period":"2h","explicit_max_ttl":"1h","token_explicit_max_ttl":"3h","bound_cidrs":"127.0.0.1","token_bound_cidrs":"127.0.0.0/8"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"explicit_max_ttl":"1h","bound_cidrs":"127.0.0.1"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"token_explicit_max_ttl":"1h","token_bound_cidrs":"127.0.0.1/24"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"explicit_max_ttl":"9999h","token_no_default_policy":true,"token_num_uses":5,"renewable":false,"orphan":true,"token_type":"batch","path_suffix":"suf"}
        POST auth/token/roles/x {"explicit_max_ttl":"9999h","token_no_default_policy":true,"token_num_uses":5,"renewable":false,"orphan":true,"path_suffix":"suf"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"token_explicit_max_ttl":"9999h"}
        POST auth/token/roles/x {"token_period":"9999h"}
        POST auth/token/roles/x {"period":"9999h"}
        POST auth/token/roles/x {"period":"-1h"}
        POST auth/token/roles/x {"token_period":"-1h"}
        POST auth/token/roles/x {"token_num_uses":-1}
        POST auth/token/roles/x {"token_bound_cidrs":"junk"}
        POST auth/token/roles/x {"bound_cidrs":"junk"}
        POST auth/token/roles/x {"token_type":"junk"}
        POST auth/token/roles/x {"token_type":""}
        POST auth/token/roles/x {"token_type":"default"}
        POST auth/token/roles/x {"token_type":"service"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"token_type":"default-batch"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"token_type":"default-service"}
        GET auth/token/roles/x
        POST auth/token/roles/x {"path_suffix":"a"}
        POST auth/token/roles/x {"path_suffix":"a/b"}
        POST auth/token/roles/x {"path_suffix":"a..b"}
        POST auth/token/roles/x {"path_suffix":"/abc d"}
        POST auth/token/roles/x {"path_suffix":"a-b.c"}
        POST auth/token/roles/x {"path_suffix":"   "}
        POST auth/token/roles/x {"path_suffix":""}
        GET auth/token/roles/x
        POST auth/token/roles/b {"token_type":"batch"}
        POST auth/token/roles/b {"token_type":"batch","orphan":true}
        POST auth/token/roles/b {"token_type":"batch","orphan":true,"renewable":false,"period":"1h"}
        POST auth/token/roles/b {"token_type":"batch","orphan":true,"renewable":false,"explicit_max_ttl":"1h"}
        POST auth/token/roles/b {"token_type":"batch","orphan":true,"renewable":false}
        GET auth/token/roles/b
        POST auth/token/roles/b {"token_ttl":"1h","token_max_ttl":"2h","token_policies":"a","policies":"b","ttl":5,"max_ttl":"2s","num_uses":3,"token_strictly_bind_ip":true}
        GET auth/token/roles/b
        POST auth/token/roles/b {"token_strictly_bind_ip":true}
        PATCH auth/token/roles/b {"orphan":false}
        GET auth/token/roles/b/c
        POST auth/token/roles/b/c {}
        POST auth/token/roles/b/ {}
        GET auth/token/roles/b/
        LIST auth/token/roles/b
        POST auth/token/roles/a.b-c {}
        POST auth/token/roles/-a {}
        POST auth/token/roles/a- {}
        POST auth/token/roles/a%20b {}
        POST auth/token/roles/a@b {}
        LIST auth/token/roles
        SCAN auth/token/roles
        SCAN auth/token/roles/
        DELETE auth/token/roles/x
        DELETE auth/token/roles/x
        DELETE auth/token/roles/x?bogus=1
        POST auth/token/roles {}
        DELETE auth/token/roles
        GET auth/token/roles/
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_role_says_what_its_tokens_are_like() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\"] }"}
        PUT sys/policies/acl/sudoer {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\",\"sudo\"] }"}
        POST auth/token/roles/db {"token_type":"default-batch"}
        POST auth/token/roles/db {"token_num_uses":2}
        POST auth/token/roles/db {"token_period":2}
        POST auth/token/roles/db {"period":2}
        GET auth/token/roles/db
        POST auth/token/roles/db2 {"token_type":"default-batch"}
        POST auth/token/create/db2 {"policies":["default"]}
        POST auth/token/create/db2 {"policies":["default"],"type":"service"}
        POST auth/token/create/db2 {"policies":["default"],"type":"batch"}
        POST auth/token/create/db2 {"policies":["default"],"type":"junk"}
        POST auth/token/create/db2 {"policies":["default"],"num_uses":2}
        POST auth/token/create/db2 {"policies":["default"],"period":2}
        POST auth/token/create/db2 {"policies":["default"],"explicit_max_ttl":2}
        POST auth/token/create/db2 {"policies":["default"],"id":"myid"}
        POST auth/token/create/db2 {}
        POST auth/token/roles/bb {"token_type":"batch","orphan":true,"renewable":false}
        POST auth/token/create/bb {"policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create/bb {"policies":["default"],"type":"service"}
        POST auth/token/create/bb {"policies":["default"],"type":"junk"}
        POST auth/token/create/bb {"policies":["default"],"renewable":true}
        POST auth/token/roles/sb {"token_type":"service"}
        POST auth/token/create/sb {"policies":["default"],"type":"batch"}
        POST auth/token/create/sb {"policies":["default"],"type":"junk"}
        POST auth/token/roles/ds {"token_type":"default-service"}
        POST auth/token/create/ds {"policies":["default"],"type":"batch"}
        POST auth/token/roles/o {"orphan":true,"path_suffix":"suf","renewable":false,"token_num_uses":5,"token_no_default_policy":true}
        POST auth/token/create/o {"policies":["maker"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/create/o {"policies":["maker"],"num_uses":3}
        POST auth/token/create/o {"policies":["maker"],"num_uses":7}
        POST auth/token/create/o {"policies":["maker"],"renewable":true}
        POST auth/token/create/o {"policies":["default"],"renewable":true}
        POST auth/token/create/o {}
        POST auth/token/create {"policies":["maker"],"meta":{"own":"x"}} => m /auth/client_token
        by {m} POST auth/token/create/o {}
        POST auth/token/create/o {"policies":["maker"],"type":"batch"}
        POST auth/token/roles/o {"token_num_uses":0}
        POST auth/token/create/o {"policies":["maker"],"type":"batch"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/roles/p {"token_period":"1h"}
        POST auth/token/create/p {"policies":["default"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"],"ttl":"2h"}
        POST auth/token/create/p {"policies":["default"],"period":"2h"} => u /auth/client_token
        by {u} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"],"explicit_max_ttl":"30m"} => v /auth/client_token
        by {v} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"],"type":"batch"} => w /auth/client_token
        by {w} GET auth/token/lookup-self
        POST auth/token/create/p {}
        by {t} POST auth/token/renew-self {"increment":"5m"}
        by {u} POST auth/token/renew-self {"increment":"5m"}
        by {v} POST auth/token/renew-self {"increment":"5m"}
        POST auth/token/roles/p {"token_period":"2h"}
        by {t} POST auth/token/renew-self {"increment":"5m"}
        by {u} POST auth/token/renew-self {"increment":"5m"}
        POST auth/token/roles/p {"token_period":"0","token_explicit_max_ttl":"20m"}
        by {t} POST auth/token/renew-self {"increment":"50m"}
        by {u} POST auth/token/renew-self {"increment":"50m"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"],"explicit_max_ttl":"30m"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create/p {"policies":["default"],"explicit_max_ttl":"10m"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {t} POST auth/token/renew-self {"increment":"50m"}
        POST auth/token/create/p {"policies":["default"],"type":"batch"} => w /auth/client_token
        DELETE auth/token/roles/p
        by {t} POST auth/token/renew-self {"increment":"50m"}
        by {t} GET auth/token/lookup-self
        by {u} GET auth/token/lookup-self
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_role_says_how_long_and_from_where_its_tokens_may_be_used() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/roles/e {"token_explicit_max_ttl":"9999h"}
        POST auth/token/create/e {"policies":["default"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/roles/e {"token_explicit_max_ttl":"0","token_period":"9999h"}
        POST auth/token/create/e {"policies":["default"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/roles/c {"token_bound_cidrs":"10.0.0.0/8"}
        POST auth/token/create/c {"policies":["default"]} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/renew {"token":"{t}"}
        POST auth/token/create/c {"policies":["default"],"type":"batch"} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create/c {}
        POST auth/token/roles/c {"token_bound_cidrs":"127.0.0.0/8","allowed_entity_aliases":["Q*","x"]}
        POST auth/token/create/c {"policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create/c {"policies":["default"],"entity_alias":"no"} => t /auth/client_token
        POST auth/token/create/c {"policies":["default"],"entity_alias":"Query"} => t /auth/client_token
        POST auth/token/create/c {"policies":["default"],"entity_alias":"query"} => t2 /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create/c {"policies":["default"],"entity_alias":"x","type":"batch"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create/c {"entity_alias":"x"}
        GET auth/token/create/c
        LIST auth/token/create/c
        DELETE auth/token/create/c
        POST auth/token/create/c/d {}
        "#,
    )
    .await;
}

#[tokio::test]
async fn roles_of_a_namespace_and_of_a_tuned_mount() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\"] }"}
        PUT sys/policies/acl/sudoer {"policy":"path \"auth/token/create*\" { capabilities = [\"update\",\"create\",\"sudo\"] }"}
        POST auth/token/create {"policies":["maker"],"meta":{"own":"x"}} => m /auth/client_token
        PUT sys/policies/acl/creates {"policy":"path \"auth/token/roles/*\" { capabilities = [\"create\",\"read\",\"list\",\"delete\"] }\npath \"auth/token/roles\" { capabilities = [\"list\"] }"}
        POST auth/token/create {"policies":["creates"]} => c /auth/client_token
        by {c} POST auth/token/roles/new1 {}
        by {c} POST auth/token/roles/new1 {}
        by {c} POST auth/token/roles/new1 {"orphan":"x"}
        by {m} POST auth/token/roles/new1 {"orphan":"x"}
        by {c} POST auth/token/roles/new2 {"orphan":"x"}
        by {c} POST auth/token/roles/new2 {"token_type":null}
        by {c} GET auth/token/roles/new1
        by {c} LIST auth/token/roles
        by {c} DELETE auth/token/roles/new1
        POST auth/token/roles/w {"token_explicit_max_ttl":"9999h","token_policies":"a","token_ttl":1,"token_max_ttl":1,"ttl":1,"policies":"a","token_strictly_bind_ip":true,"name":"q","role_name":"x","bogus":1,"allowed_entity_aliases":"q","token_no_default_policy":false,"num_uses":1}
        POST auth/token/roles/w {"token_strictly_bind_ip":true,"token_bound_cidrs":"127.0.0.1"}
        POST auth/token/roles/w {"token_explicit_max_ttl":"1","token_bound_cidrs":"10.0.0.0/8"}
        POST auth/token/roles/w {"period":"9999h"}
        POST auth/token/roles/w {"period":"0","token_explicit_max_ttl":"0"}
        POST auth/token/create/w {} => r /auth/client_token
        by {r} GET auth/token/lookup-self
        POST auth/token/create/w {"policies":["root"],"ttl":"1h"} => r /auth/client_token
        by {r} GET auth/token/lookup-self
        POST auth/token/roles/w {"token_explicit_max_ttl":"1h"}
        POST auth/token/create/w {} => r /auth/client_token
        POST auth/token/lookup {"token":"{r}"}
        by {r} GET auth/token/lookup-self
        POST auth/token/roles/al {"allowed_entity_aliases":"al","token_num_uses":9}
        POST auth/token/create/al {"policies":["maker"],"entity_alias":"al","type":"batch"} => bb /auth/client_token
        POST auth/token/lookup {"token":"{bb}"}
        POST auth/token/roles/al {"allowed_entity_aliases":"al","token_num_uses":0}
        POST auth/token/create/al {"policies":["maker"],"entity_alias":"al"} => pa /auth/client_token
        POST auth/token/roles/orph {"orphan":true}
        by {pa} POST auth/token/create/orph {}
        by {pa} POST auth/token/create/al {}
        by {pa} POST auth/token/create/al {"no_parent":true}
        by {pa} POST auth/token/create/al {"entity_alias":"al"}
        by {pa} POST auth/token/create/w {"entity_alias":"al"}
        POST auth/token/create?bogus=1 {}
        POST auth/token/create {"ttl":"1h","policies":["root"]} => ex /auth/client_token
        by {ex} POST auth/token/create/orph {}
        POST auth/token/roles/per {"token_period":"1h"}
        by {ex} POST auth/token/create/per {}
        POST auth/token/roles/per {"token_period":"0","token_explicit_max_ttl":"1h"}
        by {ex} POST auth/token/create/per {}
        POST auth/token/create/per {"policies":["default"]} => q /auth/client_token, qa /auth/accessor
        DELETE auth/token/roles/per
        POST auth/token/renew {"token":"{q}"}
        POST auth/token/renew-accessor {"accessor":"{qa}"}
        POST auth/token/create/orph {"policies":[""]}
        POST auth/token/roles/orph {"disallowed_policies":"x"}
        POST auth/token/create/orph {"policies":[""]}
        POST auth/token/create/orph {"policies":[""],"no_default_policy":true}
        POST auth/token/create/orph {"policies":["a"],"renewable":"x"}
        POST sys/namespaces/ns1
        in ns1 POST auth/token/roles/nr {"allowed_policies":"a"}
        in ns1 LIST auth/token/roles
        in ns1 POST auth/token/create/nr {} => n /auth/client_token
        in ns1 POST auth/token/create/nr {"policies":["a"]} => n /auth/client_token
        in ns1 GET auth/token/roles/nr
        in ns1 POST auth/token/lookup {"token":"{n}"}
        in ns1 POST auth/token/roles/nr {"allowed_policies":""}
        in ns1 POST auth/token/create/nr {} => n /auth/client_token
        in ns1 POST auth/token/create/nr {"policies":["z"]}
        in ns1 POST auth/token/roles/nr {"disallowed_policies":"b"}
        in ns1 POST auth/token/create/nr {} => n /auth/client_token
        in ns1 POST auth/token/create/nr {"policies":["z"]}
        by {n} GET auth/token/lookup-self
        in ns1 POST auth/token/roles/nr {"allowed_policies":"root"}
        in ns1 POST auth/token/create/nr {} => n /auth/client_token
        by {m} in ns1 POST auth/token/create/nr {}
        POST sys/auth/token/tune {"max_lease_ttl":"2h","default_lease_ttl":"1h"}
        POST auth/token/roles/tt {"token_explicit_max_ttl":"3h"}
        POST auth/token/roles/tt {"explicit_max_ttl":"3h"}
        POST auth/token/create/tt {"policies":["a"]}
        POST auth/token/roles/tt {"token_period":"3h","token_explicit_max_ttl":0}
        POST auth/token/create/tt {"policies":["a"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        in ns1 POST auth/token/roles/nr {"allowed_policies":"","disallowed_policies":"b"}
        in ns1 POST auth/token/create/nr {} => n /auth/client_token, na /auth/accessor
        by {n} GET auth/token/lookup-self
        by {n} in ns1 GET auth/token/lookup-self
        by {n} in ns1 GET sys/mounts
        in ns1 POST auth/token/lookup-accessor {"accessor":"{na}"}
        in ns1 POST auth/token/lookup {"token":"{n}"}
        in ns1 POST auth/token/create/nr {"ttl":"1h"} => n /auth/client_token, na /auth/accessor
        by {n} GET auth/token/lookup-self
        by {n} in ns1 GET sys/policies/acl
        in ns1 POST auth/token/create/nr {"policies":["z"]} => n /auth/client_token, na /auth/accessor
        by {n} GET auth/token/lookup-self
        in ns1 POST auth/token/create {"policies":["z"]} => n /auth/client_token, na /auth/accessor
        by {n} GET auth/token/lookup-self
        in ns1 POST auth/token/lookup {"token":"{n}"}
        in ns1 POST auth/token/create {"policies":["root"]} => n /auth/client_token, na /auth/accessor
        POST sys/namespaces/ns1
        in ns1 POST sys/auth/token/tune {"max_lease_ttl":"3h","default_lease_ttl":"30m"}
        in ns1 POST auth/token/create {"policies":["z"],"ttl":"9999h"}
        in ns1 POST auth/token/create {"policies":["z"]} => n /auth/client_token, na /auth/accessor
        by {n} POST auth/token/renew-self {"increment":"10h"}
        in ns1 POST auth/token/renew {"token":"{n}","increment":"1h"}
        in ns1 POST auth/token/renew {"token":"{n}","increment":"0"}
        POST sys/auth/token/tune {"max_lease_ttl":"2h","default_lease_ttl":"1h"}
        in ns1 POST auth/token/create {"policies":["z"],"ttl":"9999h"}
        in ns1 POST auth/token/create {"policies":["z"]} => n /auth/client_token, na /auth/accessor
        by {n} POST auth/token/renew-self {"increment":"10h"}
        in ns1 POST auth/token/renew {"token":"{n}","increment":"1h"}
        in ns1 POST auth/token/renew {"token":"{n}","increment":"0"}
        in ns1 POST auth/token/roles/x {"token_explicit_max_ttl":"9999h"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn fields_of_a_new_token_are_read_leniently() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/create {"policies":""}
        POST auth/token/create {"policies":[""]}
        POST auth/token/create {"policies":"","no_default_policy":true}
        POST auth/token/create {"renewable":"x"}
        POST auth/token/create {"renewable":"false","policies":"default"}
        POST auth/token/create {"policies":{"a":1}}
        POST auth/token/create {"policies":[1,true]}
        POST auth/token/create {"meta":3}
        POST auth/token/create {"meta":{"a":{"b":1}}}
        POST auth/token/create {"ttl":true}
        POST auth/token/create {"ttl":[1]}
        POST auth/token/create {"ttl":90,"policies":"default"}
        POST auth/token/create {"type":null,"ttl":null,"policies":null}
        POST auth/token/create {"display_name":3,"policies":"default"} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/create {"num_uses":"x"}
        POST auth/token/create?bogus=1 {"no_parent":"true","policies":"default"}
        POST auth/token/create {"role_name":"x","bogus":1}
        POST auth/token/create {"type":"batch","period":"0","policies":"default"}
        POST auth/token/create {"type":"batch","period":"x","policies":"default"}
        POST auth/token/create {"type":"batch","period":"x","id":"s.x"}
        POST auth/token/create {"type":"batch","period":"-1","explicit_max_ttl":"x"}
        POST auth/token/create {"type":"batch","period":"-1","policies":"default"}
        POST auth/token/create {"type":"batch","num_uses":-1,"policies":"default"}
        POST auth/token/create {"type":"weird","period":"x","explicit_max_ttl":"-1h","id":"s.x"}
        POST auth/token/create {"num_uses":-1,"period":"x","ttl":"y","type":"weird"}
        POST auth/token/create {"id":"s.x","period":"x","ttl":"y"}
        POST auth/token/create {"policies":"response-wrapping","period":"x","ttl":"y"}
        POST auth/token/create {"explicit_max_ttl":"x","period":"y","ttl":"z"}
        POST auth/token/create {"explicit_max_ttl":"-1","period":"-2","ttl":"-3","lease":"-4"}
        POST auth/token/create {"ttl":"-3","lease":"-4"}
        POST auth/token/create {"ttl":"","lease":"1h","policies":"default"}
        "#,
    )
    .await;
}
