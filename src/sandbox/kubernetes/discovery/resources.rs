//! The groups, their versions and their resources, in the form of old (`APIResourceList`) and of new clients
//! (`APIGroupDiscoveryList`).

use super::JSON;
use super::entries::{Entry, entries};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use serde_json::{Map, Value, json};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/// What clients ask for to get it.
const ASKED: &str = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The groups with their versions, each in the order in which it first comes up.
fn groups(entries: &[Entry]) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries {
        match groups.iter_mut().find(|(group, _)| *group == entry.group) {
            None => groups.push((entry.group, vec![entry.version])),
            Some((_, versions)) if !versions.contains(&entry.version) => {
                versions.push(entry.version);
            }
            Some(_) => {}
        }
    }
    groups
}

/// Every path that the server knows, for `/`.
pub(super) fn paths() -> Vec<String> {
    let entries = entries();
    let mut paths: Vec<String> = [
        "/.well-known/openid-configuration",
        "/api",
        "/apis",
        "/apis/",
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/openid/v1/jwks",
        "/readyz",
        "/version",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    for (group, versions) in groups(&entries) {
        let base = base(group);
        if !group.is_empty() {
            paths.push(base.clone());
        }
        paths.extend(versions.iter().map(|version| format!("{base}/{version}")));
    }
    paths.sort();
    paths
}

fn base(group: &str) -> String {
    match group {
        "" => "/api".to_owned(),
        group => format!("/apis/{group}"),
    }
}

pub(super) fn page(path: &str, headers: &HeaderMap, host: &str) -> Option<(&'static str, Value)> {
    let entries = entries();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let aggregated = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.replace(' ', "").contains(ASKED));
    let (core, others): (Vec<_>, Vec<_>) = groups(&entries)
        .into_iter()
        .partition(|(group, _)| group.is_empty());
    Some(match parts.as_slice() {
        ["api"] if aggregated => (AGGREGATED, aggregate(&core, &entries)),
        ["apis"] if aggregated => (AGGREGATED, aggregate(&others, &entries)),
        ["api"] => (JSON, core_versions(host)),
        ["apis"] => {
            let groups: Vec<Value> = others.iter().map(|(name, of)| group(name, of)).collect();
            (
                JSON,
                json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }),
            )
        }
        ["apis", name] => {
            let (name, versions) = others.iter().find(|(group, _)| group == name)?;
            let mut found = group(name, versions);
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            (JSON, found)
        }
        ["api", version] => (JSON, list("", version, &entries)?),
        ["apis", group, version] => (JSON, list(group, version, &entries)?),
        _ => return None,
    })
}

fn core_versions(host: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": host }],
    })
}

fn group(name: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({ "groupVersion": format!("{name}/{version}"), "version": version }))
        .collect();
    let preferred = versions.first().cloned();
    json!({ "name": name, "versions": versions, "preferredVersion": preferred })
}

fn list(group: &str, version: &str, entries: &[Entry]) -> Option<Value> {
    let of_version = entries
        .iter()
        .filter(|entry| (entry.group, entry.version) == (group, version));
    let resources: Vec<Value> = of_version.map(Entry::listed).collect();
    if resources.is_empty() {
        return None;
    }
    let mut list = json!({ "kind": "APIResourceList", "resources": resources });
    if group.is_empty() {
        list["groupVersion"] = version.into();
    } else {
        list["apiVersion"] = "v1".into();
        list["groupVersion"] = format!("{group}/{version}").into();
    }
    Some(list)
}

fn aggregate(groups: &[(&'static str, Vec<&'static str>)], entries: &[Entry]) -> Value {
    let items = groups.iter().map(|(group, versions)| {
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| {
                let of_version: Vec<&Entry> = entries
                    .iter()
                    .filter(|entry| (entry.group, entry.version) == (*group, *version))
                    .collect();
                let whole = of_version.iter().filter(|entry| !entry.name.contains('/'));
                let resources: Vec<Value> =
                    whole.map(|entry| entry.discovered(&of_version)).collect();
                json!({ "version": version, "resources": resources, "freshness": "Current" })
            })
            .collect();
        let metadata = match *group {
            "" => json!({}),
            group => json!({ "name": group }),
        };
        json!({ "metadata": metadata, "versions": versions })
    });
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items.collect::<Vec<_>>(),
    })
}

impl Entry {
    /// As `APIResourceList` has it.
    fn listed(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("name", self.name.as_str().into());
        put("singularName", self.singular.into());
        put("namespaced", self.namespaced.into());
        if let Some((group, version)) = self.of {
            put("group", group.into());
            put("version", version.into());
        }
        put("kind", self.kind.into());
        put("verbs", json!(self.verbs));
        self.names(&mut put);
        if let Some(stored) = &self.stored {
            put("storageVersionHash", stored.as_str().into());
        }
        Value::Object(fields)
    }

    fn names(&self, put: &mut impl FnMut(&str, Value)) {
        for (field, names) in [
            ("shortNames", self.short_names),
            ("categories", self.categories),
        ] {
            if !names.is_empty() {
                put(field, json!(names));
            }
        }
    }

    /// As `APIGroupDiscoveryList` has it, its subresources below it.
    fn discovered(&self, all: &[&Self]) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("resource", self.name.as_str().into());
        put("responseKind", self.response());
        let scope = if self.namespaced {
            "Namespaced"
        } else {
            "Cluster"
        };
        put("scope", scope.into());
        put("singularResource", self.singular.into());
        put("verbs", json!(self.verbs));
        self.names(&mut put);
        let below = all.iter().filter_map(|entry| {
            let (resource, sub) = entry.name.split_once('/')?;
            (resource == self.name).then(|| {
                json!({ "subresource": sub, "responseKind": entry.response(), "verbs": entry.verbs })
            })
        });
        let below: Vec<Value> = below.collect();
        if !below.is_empty() {
            put("subresources", below.into());
        }
        Value::Object(fields)
    }

    /// Built-in kinds say theirs without a group.
    fn response(&self) -> Value {
        let (group, version) = match self.of {
            Some(of) => of,
            None if self.custom => (self.group, self.version),
            None => ("", ""),
        };
        json!({ "group": group, "version": version, "kind": self.kind })
    }
}
