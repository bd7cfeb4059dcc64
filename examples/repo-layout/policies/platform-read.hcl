# Written by hand, and named by the roles that use it.
path "kv/data/platform/*" {
  capabilities = ["read"]
}
