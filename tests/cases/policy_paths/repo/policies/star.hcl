path "kv/+*" { capabilities = ["read"] }
