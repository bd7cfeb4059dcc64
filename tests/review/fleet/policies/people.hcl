path "kv/data/people/{{identity.entity.name}}/*" {
  capabilities = ["read"]
}
