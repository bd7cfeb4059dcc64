path "a" { capabilities = ["read"] }
