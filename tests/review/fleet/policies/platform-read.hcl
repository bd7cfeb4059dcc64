path "kv/data/platform/*" {
  capabilities = ["read"]
}
