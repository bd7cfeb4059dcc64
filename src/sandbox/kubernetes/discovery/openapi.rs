//! `OpenAPI` v3 of a group and version: what each kind holds, and which parameters its requests take.

use super::super::kinds::{KINDS, Kind};
use super::super::schema::{ListType, Schema, Struct};
use super::VERSION;
use serde_json::{Map, Value, json};

/// Shapes that are every group's.
const OF_META: [&str; 5] = [
    "v1.ObjectMeta",
    "v1.OwnerReference",
    "v1.ManagedFieldsEntry",
    "v1.LabelSelector",
    "v1.LabelSelectorRequirement",
];
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

pub(super) fn page(path: &str) -> Option<Value> {
    let below = path.strip_prefix("/openapi/v3")?;
    match below.strip_prefix('/') {
        None if below.is_empty() => Some(index()),
        None => None,
        Some(of) => document(of),
    }
}

/// Which documents there are; the hash in an address changes with what is there.
fn index() -> Value {
    let mut paths = Map::new();
    for kind in KINDS {
        let of = base(kind);
        if paths.contains_key(&of) {
            continue;
        }
        let content = document(&of).unwrap_or_default().to_string();
        let hash = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
        let hash: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let url = format!("/openapi/v3/{of}?hash={hash}");
        paths.insert(of, json!({ "serverRelativeURL": url }));
    }
    json!({ "paths": paths })
}

/// `api/v1`, `apis/rbac.authorization.k8s.io/v1`.
fn base(kind: &Kind) -> String {
    match kind.group {
        "" => format!("api/{}", kind.version),
        group => format!("apis/{group}/{}", kind.version),
    }
}

fn document(of: &str) -> Option<Value> {
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| base(kind) == of).collect();
    if kinds.is_empty() {
        return None;
    }
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for kind in kinds {
        add_paths(kind, of, &mut paths);
        let mut schema = structure(kind.schema, kind, &mut schemas);
        schema["x-kubernetes-group-version-kind"] = json!([whose(kind)]);
        schemas.insert(named(kind, kind.kind), schema);
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": VERSION },
        "paths": paths,
        "components": { "schemas": schemas },
    }))
}

fn whose(kind: &Kind) -> Value {
    json!({ "group": kind.group, "kind": kind.kind, "version": kind.version })
}

fn add_paths(kind: &Kind, of: &str, paths: &mut Map<String, Value>) {
    let place = if kind.namespaced {
        "namespaces/{namespace}/"
    } else {
        ""
    };
    let all = format!("/{of}/{place}{}", kind.resource);
    let reference = reference(&named(kind, kind.kind));
    let json_body = json!({ "content": { "application/json": { "schema": reference } } });
    let operation = |action: &str, parameters: &[&str]| {
        let parameters: Vec<Value> = parameters.iter().map(|name| parameter(name)).collect();
        json!({
            "parameters": parameters,
            "responses": { "200": json_body },
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": whose(kind),
        })
    };
    let written = ["dryRun", "fieldManager", "fieldValidation"];
    let with_body = |mut operation: Value, types: &[&str]| {
        let content: Map<String, Value> = types
            .iter()
            .map(|name| ((*name).to_owned(), json!({ "schema": reference })))
            .collect();
        operation["requestBody"] = json!({ "content": content, "required": true });
        operation
    };
    let mut patches = vec![
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
    ];
    if !kind.custom {
        patches.push("application/strategic-merge-patch+json");
    }
    paths.insert(
        all.clone(),
        json!({
            "get": operation("list", &[]),
            "post": with_body(operation("post", &written), &["application/json"]),
            "delete": operation("deletecollection", &["dryRun"]),
        }),
    );
    let forced = [&written[..], &["force"]].concat();
    paths.insert(
        format!("{all}/{{name}}"),
        json!({
            "get": operation("get", &[]),
            "put": with_body(operation("put", &written), &["application/json"]),
            "patch": with_body(operation("patch", &forced), &patches),
            "delete": operation("delete", &["dryRun"]),
        }),
    );
}

fn parameter(name: &str) -> Value {
    let kind = if name == "force" { "boolean" } else { "string" };
    json!({ "name": name, "in": "query", "schema": { "type": kind, "uniqueItems": true } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// `io.k8s.api.core.v1.Secret`, `io.external-secrets.v1.ExternalSecret`.
fn named(kind: &Kind, name: &str) -> String {
    let version = kind.version;
    if kind.custom {
        let reversed: Vec<&str> = kind.group.rsplit('.').collect();
        return format!("{}.{version}.{name}", reversed.join("."));
    }
    let group = match kind.group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    format!("io.k8s.api.{group}.{version}.{name}")
}

fn structure(of: &Struct, kind: &Kind, schemas: &mut Map<String, Value>) -> Value {
    let properties: Map<String, Value> = of
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), shape(&field.schema, kind, schemas)))
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    let required = required(of);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if of.atomic {
        schema["x-kubernetes-map-type"] = "atomic".into();
    }
    schema
}

/// The fields that must be said.
fn required(of: &Struct) -> &'static [&'static str] {
    match of.name {
        "v1.ClusterRoleBinding" | "v1.RoleBinding" => &["roleRef"],
        "v1.LabelSelectorRequirement" => &["key", "operator"],
        "v1.NamespaceCondition" => &["type", "status"],
        "v1.OwnerReference" => &["apiVersion", "kind", "name", "uid"],
        "v1.PolicyRule" => &["verbs"],
        "v1.RoleRef" => &["apiGroup", "kind", "name"],
        "v1.Subject" => &["kind", "name"],
        _ => &[],
    }
}

fn shape(of: &Schema, kind: &Kind, schemas: &mut Map<String, Value>) -> Value {
    match of {
        Schema::Text | Schema::Named(_) => json!({ "type": "string" }),
        Schema::Integer(bits) => json!({ "type": "integer", "format": format!("int{bits}") }),
        Schema::Boolean => json!({ "type": "boolean" }),
        Schema::Bytes => json!({ "type": "string", "format": "byte" }),
        Schema::Time | Schema::MicroTime => json!({ "type": "string", "format": "date-time" }),
        Schema::Anything => {
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
        }
        Schema::Struct(inner) => {
            let name = match inner.name.split_once('.') {
                Some((_, name)) if OF_META.contains(&inner.name) => format!("{META}.{name}"),
                Some((_, name)) => named(kind, name),
                None => named(kind, inner.name),
            };
            if !schemas.contains_key(&name) {
                let schema = structure(inner, kind, schemas);
                schemas.insert(name.clone(), schema);
            }
            json!({ "default": {}, "allOf": [reference(&name)] })
        }
        Schema::Map(inner) => {
            json!({ "type": "object", "additionalProperties": shape(inner, kind, schemas) })
        }
        Schema::List(inner, merged) => {
            let mut list = json!({ "type": "array", "items": shape(inner, kind, schemas) });
            match merged {
                ListType::Atomic => list["x-kubernetes-list-type"] = "atomic".into(),
                ListType::Set => {
                    list["x-kubernetes-list-type"] = "set".into();
                    list["x-kubernetes-patch-strategy"] = "merge".into();
                }
                ListType::Map(key) => {
                    list["x-kubernetes-list-type"] = "map".into();
                    list["x-kubernetes-list-map-keys"] = json!([key]);
                    list["x-kubernetes-patch-strategy"] = "merge".into();
                    list["x-kubernetes-patch-merge-key"] = (*key).into();
                }
            }
            list
        }
    }
}
