//! Reads of what keyfleet manages.

use super::VaultReader;
use super::http::{Http, unexpected};
use super::request::Request;
use super::{kv, policy};
use crate::names::{KvPath, MountPath, PolicyName, RoleName};
use crate::observe::live::{Health, KvFields, LiveMount, LivePolicies, LivePolicy};
use crate::observe::{Failure, Fields, KvVersion, Observed, ReadVault};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl ReadVault for VaultReader {
    async fn health(&self) -> Result<Health, Failure> {
        let request = Request::state("sys/health");
        let answer = self.http.answer_in_any_state(&request).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| {
            answer
                .get(name)
                .and_then(Value::as_bool)
                .ok_or_else(|| unexpected(&request, "state"))
        };
        let sealed = flag("sealed")?;
        Ok(Health {
            initialized: flag("initialized")?,
            sealed,
            standby: flag("standby")?,
            version: text("version").ok_or_else(|| unexpected(&request, "version"))?,
            cluster_name: text("cluster_name"),
            high_availability: if sealed {
                None
            } else {
                leader(&self.http).await
            },
        })
    }

    async fn auth_mounts(&self) -> Result<BTreeMap<String, LiveMount>, Failure> {
        mounts(&self.http, &Request::read(&["sys/auth"])).await
    }

    async fn engine_mounts(&self) -> Result<BTreeMap<String, LiveMount>, Failure> {
        mounts(&self.http, &Request::read(&["sys/mounts"])).await
    }

    async fn policies(&self) -> Result<LivePolicies, Failure> {
        policy::list(&self.http).await
    }

    async fn policy(&self, name: &PolicyName) -> Observed<LivePolicy> {
        policy::read(&self.http, name).await.into()
    }

    async fn auth_config(&self, mount: &MountPath) -> Observed<Fields> {
        fields(&self.http, &["auth", mount.as_str(), "config"]).await
    }

    async fn roles(&self, mount: &MountPath) -> Result<BTreeSet<String>, Failure> {
        let request = Request::list(&["auth", mount.as_str(), "role"]);
        let data = self.http.send(&request).await?.data(&request)?;
        keys(&request, data)
    }

    async fn role(&self, mount: &MountPath, role: &RoleName) -> Observed<Fields> {
        fields(&self.http, &["auth", mount.as_str(), "role", role.as_str()]).await
    }

    async fn kv_versions(
        &self,
        mount: &MountPath,
        paths: &BTreeSet<KvPath>,
    ) -> BTreeMap<KvPath, Observed<KvVersion>> {
        kv::versions(&self.http, mount, paths).await
    }

    async fn kv_fields(&self, mount: &MountPath, path: &KvPath) -> Observed<KvFields> {
        kv::fields(&self.http, mount, path).await.into()
    }

    async fn kv_scan(
        &self,
        mount: &MountPath,
        folder: &str,
    ) -> Result<Option<BTreeSet<String>>, Failure> {
        let request = Request::scan_names(&[mount.as_str(), folder]);
        let answer = self.http.send(&request).await;
        match answer.and_then(|reply| reply.data(&request)) {
            // A server that does not know the question reads what is at the path of the folder, which is nothing.
            Ok(data) => match data.filter(|data| data.contains_key("keys")) {
                Some(data) => keys(&request, Some(data)).map(Some),
                None => Ok(None),
            },
            Err(failure) if policy::is_missing(&failure) || policy::is_refused(&failure) => {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn kv_names(&self, mount: &MountPath, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let request = Request::list(&[mount.as_str(), folder]);
        let data = self.http.send(&request).await?.data(&request)?;
        keys(&request, data)
    }
}

/// The names of a list; none when there is nothing to list.
pub(super) fn keys(
    request: &Request<'_>,
    data: Option<Map<String, Value>>,
) -> Result<BTreeSet<String>, Failure> {
    let Some(keys) = data.and_then(|mut data| data.remove("keys")) else {
        return Ok(BTreeSet::new());
    };
    serde_json::from_value(keys).map_err(|_| unexpected(request, "`keys`"))
}

async fn fields(http: &Http, parts: &[&str]) -> Observed<Fields> {
    let request = Request::read(parts);
    let read = async { http.send(&request).await?.data(&request) };
    Observed::from(read.await).map(|fields| fields.into_iter().collect())
}

/// The address of the active node, where several share a Vault. Not knowing it is no failure of `health`.
async fn leader(http: &Http) -> Option<String> {
    let request = Request::state("sys/leader");
    let answer = http.answer_in_any_state(&request).await.ok()?;
    if answer.get("ha_enabled") != Some(&Value::Bool(true)) {
        return None;
    }
    answer
        .get("leader_address")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

async fn mounts(
    http: &Http,
    request: &Request<'_>,
) -> Result<BTreeMap<String, LiveMount>, Failure> {
    let data = http.send(request).await?.data(request)?;
    data.ok_or_else(|| unexpected(request, "`data`"))?
        .into_iter()
        .map(|(path, entry)| {
            let mount = mount(entry).ok_or_else(|| unexpected(request, "mount"))?;
            Ok((path.trim_end_matches('/').to_owned(), mount))
        })
        .collect()
}

/// A mount as `sys/auth` and `sys/mounts` show it. What has no field of its own here was fixed when it was made.
fn mount(entry: Value) -> Option<LiveMount> {
    let Value::Object(mut fields) = entry else {
        return None;
    };
    Some(LiveMount {
        kind: text(&mut fields, "type")?,
        accessor: text(&mut fields, "accessor")?,
        description: text(&mut fields, "description")?,
        options: group(&mut fields, "options")?,
        tuning: group(&mut fields, "config")?,
        fixed: fields.into_iter().collect(),
    })
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn group(fields: &mut Map<String, Value>, name: &str) -> Option<Fields> {
    match fields.remove(name) {
        Some(Value::Object(group)) => Some(group.into_iter().collect()),
        None | Some(Value::Null) => Some(Fields::new()),
        Some(_) => None,
    }
}
