path "kv/data/team/+/config" {
  capabilities = ["read"]
}

path "kv/data/team/root/config" {
  capabilities = ["deny"]
}
