//! What is mounted where: the first mounts of a namespace, new ones, and how each is shown.

use super::Flavour;
use super::backend;
use super::call::Call;
use super::policies;
use super::state::{Mount, Namespace, State, new_uuid, random_text};
use super::tokens::{Token, Tokens};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// 32 days, where neither the mount nor the request says anything.
pub(super) const SYSTEM_TTL: u64 = 2_764_800;

/// The time that a mount tells, which may be below nothing.
pub(super) fn lease_ttl(own: i64) -> i64 {
    if own == 0 {
        SYSTEM_TTL.cast_signed()
    } else {
        own
    }
}

/// For tokens, a time below nothing is as none.
pub(super) fn default_ttl(own: i64) -> u64 {
    match u64::try_from(own) {
        Ok(0) | Err(_) => SYSTEM_TTL,
        Ok(own) => own,
    }
}

pub(super) fn max_ttl(own: i64) -> u64 {
    default_ttl(own)
}

pub(super) fn first_state(flavour: Flavour, root_token: &str, now: Timestamp) -> State {
    let mut root = new_namespace(flavour, "root".to_owned(), now);
    let options = Map::from_iter([("version".to_owned(), Value::from("2"))]);
    if let Some(mut secret) = new_mount("kv", "kv", Some(options), flavour) {
        "key/value secret storage".clone_into(&mut secret.description);
        root.mounts.insert("secret/".to_owned(), secret);
    }
    let mut tokens = Tokens::default();
    tokens.add(Token {
        id: root_token.to_owned(),
        accessor: random_text(24),
        namespace: String::new(),
        policies: vec!["root".to_owned()],
        meta: None,
        display_name: "token".to_owned(),
        path: "auth/token/create".to_owned(),
        parent: None,
        born_orphan: true,
        created: now,
        creation_ttl: 0,
        granted_ttl: 0,
        explicit_max_ttl: 0,
        period: 0,
        uses: 0,
        uses_left: 0,
        batch: false,
        expires: None,
        renewed: None,
        renewable: false,
        entity_id: String::new(),
        role: None,
        bound_cidrs: Vec::new(),
        wrapped: None,
    });
    State {
        flavour,
        namespaces: BTreeMap::from([(String::new(), root)]),
        tokens,
        entities: BTreeMap::new(),
        moves: BTreeMap::new(),
        cluster_name: format!("vault-cluster-{}", &new_uuid()[..8]),
        cluster_id: new_uuid(),
    }
}

/// A namespace with the mounts that it always has; the id is `root`, or what its tokens end in.
pub(super) fn new_namespace(flavour: Flavour, id: String, now: Timestamp) -> Namespace {
    let prefix = if id == "root" { "" } else { "ns_" };
    let mut mounts = BTreeMap::new();
    for (path, kind, about) in [
        (
            "sys/",
            "system",
            "system endpoints used for control, policy and debugging",
        ),
        ("identity/", "identity", "identity store"),
        (
            "cubbyhole/",
            "cubbyhole",
            "per-token private secret storage",
        ),
        ("auth/token/", "token", "token based credentials"),
    ] {
        let accessor = match kind {
            "token" => "auth_token",
            kind => kind,
        };
        let mut mount = mount(&format!("{prefix}{kind}"), accessor, None);
        about.clone_into(&mut mount.description);
        mount.local = kind == "cubbyhole";
        mount.seal_wrap = kind == "system";
        mount.backend = backend::create(kind, &Map::new(), flavour);
        let config = match kind {
            "system" => Some(("passthrough_request_headers", json!(["Accept"]))),
            "identity" => Some(("passthrough_request_headers", json!(["Authorization"]))),
            "token" if id == "root" => Some(("token_type", "default-service".into())),
            "token" => Some(("token_type", "default".into())),
            _ => None,
        };
        let config = config.into_iter();
        mount
            .tuned
            .extend(config.map(|(name, value)| (name.to_owned(), value)));
        mounts.insert(path.to_owned(), mount);
    }
    Namespace {
        id,
        uuid: new_uuid(),
        custom_metadata: BTreeMap::new(),
        unlock_key: None,
        mounts,
        policies: policies::initial(flavour, now),
        token_roles: BTreeMap::new(),
    }
}

/// A mount of a kind that has a backend here; auth methods are asked for as `auth/kubernetes`.
pub(super) fn new_mount(
    asked: &str,
    kind: &str,
    options: Option<Map<String, Value>>,
    flavour: Flavour,
) -> Option<Mount> {
    let none = Map::new();
    let backend = backend::create(asked, options.as_ref().unwrap_or(&none), flavour)?;
    let accessor = asked.replace('/', "_");
    Some(Mount {
        backend: Some(backend),
        ..mount(kind, &accessor, options)
    })
}

fn mount(kind: &str, accessor: &str, options: Option<Map<String, Value>>) -> Mount {
    Mount {
        kind: kind.to_owned(),
        accessor: format!("{accessor}_{}", &new_uuid()[..8]),
        uuid: new_uuid(),
        description: String::new(),
        options,
        default_lease_ttl: 0,
        max_lease_ttl: 0,
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        force_no_cache: false,
        tuned: Map::new(),
        backend: None,
    }
}

/// A mount as `sys/mounts` shows it.
pub(super) fn shown(path: &str, mount: &Mount, flavour: Flavour) -> Value {
    let mut config = mount.tuned.clone();
    config.insert(
        "default_lease_ttl".to_owned(),
        mount.default_lease_ttl.into(),
    );
    config.insert("max_lease_ttl".to_owned(), mount.max_lease_ttl.into());
    config.insert("force_no_cache".to_owned(), mount.force_no_cache.into());
    let mut shown = json!({
        "accessor": mount.accessor,
        "config": config,
        "description": mount.description,
        "external_entropy_access": mount.external_entropy_access,
        "local": mount.local,
        "options": mount.options,
        "plugin_version": "",
        "running_plugin_version": running_version(path, &mount.kind, flavour),
        "running_sha256": "",
        "seal_wrap": mount.seal_wrap,
        "type": mount.kind,
        "uuid": mount.uuid,
    });
    // `generic` is a name of old for `kv`, of which no catalog knows.
    if !is_built_in(&mount.kind) && mount.kind != "generic" {
        shown["deprecation_status"] = "supported".into();
    }
    shown
}

fn is_built_in(kind: &str) -> bool {
    let kind = kind.trim_start_matches("ns_");
    matches!(kind, "system" | "identity" | "cubbyhole" | "token")
}

pub(super) fn running_version(path: &str, kind: &str, flavour: Flavour) -> &'static str {
    let auth = path.starts_with("auth/");
    match (flavour, kind) {
        (Flavour::OpenBao, _) => "v2.7.2+builtin.bao",
        (Flavour::HashiCorp, "kv") => "v0.17.0+builtin",
        (Flavour::HashiCorp, "kubernetes") if auth => "v0.18.0+builtin",
        (Flavour::HashiCorp, "jwt" | "oidc") if auth => "v0.20.3+builtin",
        (Flavour::HashiCorp, _) => "v1.16.3+builtin.vault",
    }
}

impl State {
    /// Finds the namespace of a call: what the header names, and the start of the path below it. `false` if there is none.
    pub(super) fn enter(&self, call: &mut Call) -> bool {
        if !self.namespaces.contains_key(&call.namespace) {
            return false;
        }
        loop {
            let first = call.path.split_once('/');
            let below = first.map(|(first, _)| format!("{}{first}/", call.namespace));
            let below = below.filter(|below| self.namespaces.contains_key(below));
            let (Some((_, rest)), Some(below)) = (first, below) else {
                break;
            };
            let rest = rest.to_owned();
            call.namespace = below;
            call.path = rest;
        }
        // The path of a mount means the mount, with or without the slash.
        let home = self.namespaces.get(&call.namespace);
        let whole = format!("{}/", call.path);
        if home.is_some_and(|home| home.mounts.contains_key(&whole)) {
            call.path = whole;
        }
        true
    }
}
