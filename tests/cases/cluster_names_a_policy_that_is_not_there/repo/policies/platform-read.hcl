path "kv/*" { capabilities = ["read"] }
