path "kv/data/web" {
  capabilites = ["read"]
}
path "kv/x" {
  capabilities = ["raed"]
}
