//! One YAML document below `clusters/` or `groups/`: which kind it is, and its common head.

use super::{ExternalSecret, Store, eso, kes, store};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{Namespace, ObjectName};
use crate::yaml::{Fields, Node, nearest};
use std::collections::BTreeMap;

/// keyfleet's own kinds.
pub(super) const OWN_API: &str = "keyfleet.dev/v1alpha1";

const ESO_APIS: [&str; 2] = ["external-secrets.io/v1", "external-secrets.io/v1beta1"];
const KES_API: &str = "kubernetes-client.io/v1";

/// Reads a declaration into the cluster that it stands in. False when its meaning is not known.
pub(super) fn place(
    node: &Node,
    secrets: &mut Vec<ExternalSecret>,
    stores: &mut Vec<Store>,
    problems: &mut Diagnostics,
) -> bool {
    let Some((api, kind)) = kind_of(node) else {
        // What is no declaration may be anything, also a file of passwords: its line is not shown.
        let problem = Diagnostic::error(
            &node.place,
            "this is not a declaration: it needs `apiVersion` and `kind`",
        );
        problems.push(problem.hint("an ExternalSecret, SecretStore or ClusterSecretStore belongs here; keep other files out of clusters/ and groups/").without_line());
        return false;
    };
    match (api, kind) {
        (KES_API, "ExternalSecret") => push(kes::read(node, problems), secrets),
        (api, "ExternalSecret") if ESO_APIS.contains(&api) => {
            push(eso::read(node, problems), secrets)
        }
        (api, "SecretStore" | "ClusterSecretStore") if ESO_APIS.contains(&api) => push(
            store::read(node, kind == "ClusterSecretStore", problems),
            stores,
        ),
        _ => {
            problems.push(unknown_kind(node, api, kind));
            false
        }
    }
}

fn push<T>(read: Option<T>, into: &mut Vec<T>) -> bool {
    let whole = read.is_some();
    into.extend(read);
    whole
}

/// `apiVersion` and `kind` of a document.
fn kind_of(node: &Node) -> Option<(&str, &str)> {
    let field = |key: &str| node.get(key).and_then(Node::scalar);
    field("apiVersion").zip(field("kind"))
}

/// Whether a document is of one of keyfleet's own kinds; says what it should be, and in which file.
pub(crate) fn is_own_kind(
    node: &Node,
    wanted: &str,
    file: &str,
    problems: &mut Diagnostics,
) -> bool {
    let begin = format!("begin it with `apiVersion: {OWN_API}` and `kind: {wanted}`");
    let place_of = |key: &str| node.get(key).map_or(&node.place, |node| &node.place);
    let problem = match kind_of(node) {
        Some((OWN_API, kind)) if kind == wanted => return true,
        None => Diagnostic::error(&node.place, format!("{file} needs `apiVersion` and `kind`"))
            .hint(begin)
            .without_line(),
        Some((api, kind)) if kind == wanted => Diagnostic::error(
            place_of("apiVersion"),
            format!("`{api}` is not an API version of {wanted}"),
        )
        .hint(format!("write `apiVersion: {OWN_API}`")),
        Some((_, kind)) => Diagnostic::error(
            place_of("kind"),
            format!("{file} must begin with `kind: {wanted}`, but begins with `{kind}`"),
        )
        .hint(begin),
    };
    problems.push(problem);
    false
}

const KINDS: [&str; 3] = ["ExternalSecret", "SecretStore", "ClusterSecretStore"];

fn unknown_kind(node: &Node, api: &str, kind: &str) -> Diagnostic {
    let place_of = |key: &str| node.get(key).map_or(&node.place, |node| &node.place);
    let (place, api_place) = (place_of("kind"), place_of("apiVersion"));
    if (api, kind) == ("v1", "Secret") {
        return Diagnostic::error(place, "a Secret with its values does not belong in git")
            .hint("put the value into Vault, declare an ExternalSecret for it here, and rotate what was committed")
            .without_line();
    }
    if KINDS.contains(&kind) {
        return Diagnostic::error(
            api_place,
            format!("`{api}` is not an API version of {kind} that keyfleet reads"),
        )
        .hint(match api.split('/').next() {
            Some("kubernetes-client.io") if kind == "ExternalSecret" => format!("write {KES_API}"),
            _ => format!("write {}", ESO_APIS.join(" or ")),
        });
    }
    if api == OWN_API {
        let lower = kind.to_lowercase();
        let problem = Diagnostic::error(place, format!("the kind `{kind}` is not read here"));
        return match kind {
            "Fleet" => problem.hint("it belongs in fleet.yaml at the top of the repository"),
            "Cluster" | "Group" => problem.hint(format!(
                "it is the first document of {lower}s/NAME/{lower}.yaml"
            )),
            "Approval" => problem.hint("it belongs in a file below approvals/"),
            "Rule" => problem.hint("it belongs in a file below rules/"),
            _ => problem.hint("keyfleet's own kinds are Fleet, Cluster, Group, Approval and Rule"),
        };
    }
    if ["PushSecret", "ClusterExternalSecret"].contains(&kind) {
        return Diagnostic::error(place, format!("`{kind}` is not supported yet"))
            .hint("keep it out of clusters/ and groups/; a group places an ExternalSecret on many clusters");
    }
    let problem = Diagnostic::error(
        place,
        format!("`{kind}` of `{api}` is not a declaration that keyfleet reads"),
    );
    match nearest(kind, KINDS.into_iter()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!(
            "it reads ExternalSecret of {KES_API}, and {} of {}; keep other files out of clusters/ and groups/",
            KINDS.join(", "),
            ESO_APIS.join(" or ")
        )),
    }
}

/// `metadata` of a namespaced object.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) place: Place,
    pub(super) name: ObjectName,
    pub(super) namespace: Option<Namespace>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Reads `metadata`; fields that an API server adds to what it stores are left out.
pub(super) fn metadata(
    fields: &mut Fields<'_>,
    namespaced: bool,
    problems: &mut Diagnostics,
) -> Option<Metadata> {
    let node = fields.required("metadata", problems)?;
    let mut metadata = Fields::of(node, "metadata", problems)?;
    metadata.ignore(&[
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "ownerReferences",
        "finalizers",
    ]);
    let name = metadata
        .required("name", problems)
        .and_then(|node| node.parsed("name", ObjectName::parse, problems));
    let is_named = metadata.optional("namespace").is_some();
    let namespace = metadata.parsed("namespace", Namespace::parse, problems);
    let labels = text_map(&mut metadata, "labels", problems);
    let annotations = text_map(&mut metadata, "annotations", problems);
    let place = metadata.place_of("name");
    metadata.finish(problems);
    if namespaced && namespace.is_none() {
        if is_named {
            return None;
        }
        let problem = Diagnostic::error(&place, "this object names no namespace");
        problems.push(
            problem.hint("add `namespace:` to its metadata: no kubectl context supplies one here"),
        );
        return None;
    }
    Some(Metadata {
        place,
        name: name?,
        namespace,
        labels,
        annotations,
    })
}

/// A mapping of texts, such as labels.
pub(super) fn text_map(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> BTreeMap<String, String> {
    let Some(node) = fields.optional(key) else {
        return BTreeMap::new();
    };
    if Fields::of(node, key, problems).is_none() {
        return BTreeMap::new();
    }
    let texts = node.entries().iter();
    texts
        .filter_map(|entry| {
            Some((
                entry.key.clone(),
                entry
                    .value
                    .text(&format!("`{}`", entry.key), problems)?
                    .to_owned(),
            ))
        })
        .collect()
}
