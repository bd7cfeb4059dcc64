//! From what a declaration calls a place in Vault to the KV mount and the path below it.

use crate::declare::{KvMount, Store};
use crate::names::{KvPath, MountPath};
use crate::observe::{KvEngine, KvReference};

/// Engines of Vault itself: a reference into them would put Vault's own secrets into a tenant's Secret.
const NEVER_SECRETS: [&str; 4] = ["auth", "sys", "identity", "cubbyhole"];

/// What is wrong with a reference, and what to do.
pub(super) type Wrong = (String, String);

/// KES names the whole API path: `kv/data/shop/mail` for v2, `kv/shop/mail` for v1.
pub(super) fn from_api_path(
    path: &str,
    engine: KvEngine,
    mounts: &[KvMount],
) -> Result<KvReference, Wrong> {
    refuse_system(path)?;
    let declared = mounts
        .iter()
        .filter_map(|mount| {
            Some((
                mount.path.as_str(),
                path.strip_prefix(mount.path.as_str())?.strip_prefix('/')?,
            ))
        })
        .max_by_key(|(mount, _)| mount.len());
    let (mount, rest) = match (declared, engine) {
        (Some(found), _) => found,
        (None, KvEngine::V2) => match path.split_once("/data/") {
            Some((mount, _)) => (mount, &path[mount.len() + 1..]),
            None => return Err(needs_data(path)),
        },
        (None, KvEngine::V1) => path.split_once('/').ok_or_else(|| {
            (
                format!("{path:?} names a mount and no secret in it"),
                "write MOUNT/PATH".to_owned(),
            )
        })?,
    };
    let below = match engine {
        KvEngine::V1 => rest,
        KvEngine::V2 => rest.strip_prefix("data/").ok_or_else(|| needs_data(path))?,
    };
    reference(mount, below, engine, mounts)
}

/// A place for keyfleet's own use: with `data/` it is KV v2, without it v1.
pub(super) fn own(path: &str, mounts: &[KvMount]) -> Result<KvReference, Wrong> {
    let engine = if path.contains("/data/") {
        KvEngine::V2
    } else {
        KvEngine::V1
    };
    from_api_path(path, engine, mounts)
}

/// ESO names a key below the store's path, with or without the mount and `data/` in front of it.
pub(super) fn from_store_key(
    key: &str,
    store: &Store,
    mounts: &[KvMount],
) -> Result<KvReference, Wrong> {
    let (mount, rest) = match &store.path {
        Some(mount) => (
            mount.as_str(),
            key.strip_prefix(mount.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .unwrap_or(key),
        ),
        None => key.split_once('/').ok_or_else(|| {
            (
                format!("{key:?} names no mount"),
                "give the store a `path`, or write MOUNT/PATH".to_owned(),
            )
        })?,
    };
    refuse_system(mount)?;
    let below = match store.engine {
        KvEngine::V1 => rest,
        KvEngine::V2 => rest.strip_prefix("data/").unwrap_or(rest),
    };
    reference(mount, below, store.engine, mounts)
}

fn reference(
    mount: &str,
    below: &str,
    engine: KvEngine,
    mounts: &[KvMount],
) -> Result<KvReference, Wrong> {
    let mount = MountPath::parse(mount).map_err(|error| (error.wrong(), error.rule.to_owned()))?;
    let declared = mounts.iter().find(|declared| declared.path == mount);
    if let Some(declared) = declared.filter(|declared| declared.engine != engine) {
        let number = |engine| match engine {
            KvEngine::V1 => 1,
            KvEngine::V2 => 2,
        };
        return Err((
            format!(
                "this reads the mount `{mount}` as KV v{}, but fleet.yaml declares it as v{}",
                number(engine),
                number(declared.engine)
            ),
            "make the version of the declaration and of the mount the same".to_owned(),
        ));
    }
    let path = KvPath::parse(below).map_err(|error| (error.wrong(), error.rule.to_owned()))?;
    Ok(KvReference {
        mount,
        path,
        version: engine,
    })
}

fn needs_data(path: &str) -> Wrong {
    (
        format!("{path:?} is not a KV v2 path: it has no `data/` after its mount"),
        "write kv/data/PATH, or `kvVersion: 1` for a v1 mount".to_owned(),
    )
}

fn refuse_system(path: &str) -> Result<(), Wrong> {
    let first = path.split('/').next().unwrap_or_default();
    if first.is_empty() || first == "v1" {
        return Err((
            format!("{path:?} does not begin with a mount"),
            "write it without a leading `/` or /v1/, such as kv/data/PATH".to_owned(),
        ));
    }
    if NEVER_SECRETS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(first))
    {
        return Err((
            format!("`{first}/` is Vault's own and never a secret"),
            "refer to a secret below a KV mount, such as kv/data/PATH".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Place;

    fn kes(path: &str, engine: KvEngine, mounts: &[&str]) -> Result<String, String> {
        let mounts: Vec<_> = mounts
            .iter()
            .map(|path| KvMount {
                place: Place::file("f"),
                path: MountPath::parse(path).unwrap(),
                engine,
            })
            .collect();
        from_api_path(path, engine, &mounts)
            .map(|found| format!("{} | {}", found.mount, found.path))
            .map_err(|(wrong, _)| wrong)
    }

    #[test]
    fn an_api_path_is_split_at_its_mount() {
        assert_eq!(
            kes("kv/data/a/b", KvEngine::V2, &[]),
            Ok("kv | a/b".to_owned())
        );
        assert_eq!(
            kes("team/kv/data/a", KvEngine::V2, &[]),
            Ok("team/kv | a".to_owned())
        );
        assert_eq!(
            kes("kv/data/data/x", KvEngine::V2, &["kv"]),
            Ok("kv | data/x".to_owned())
        );
        assert_eq!(kes("kv/a/b", KvEngine::V1, &[]), Ok("kv | a/b".to_owned()));
        assert_eq!(
            kes("team/kv/a", KvEngine::V1, &["team/kv"]),
            Ok("team/kv | a".to_owned())
        );
    }

    #[test]
    fn a_reference_cannot_leave_its_mount() {
        for path in [
            "auth/token/lookup-self",
            "sys/data/x",
            "kv/data/../x",
            "kv/data/x?version=3",
            "kv/data/x\n",
            "kv/x",
            "kv/data/",
            "AUTH/data/x",
        ] {
            assert!(kes(path, KvEngine::V2, &[]).is_err(), "{path}");
        }
    }
}
