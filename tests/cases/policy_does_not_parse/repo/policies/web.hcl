path "kv/data/web" {
  capabilities = ["read"
}
