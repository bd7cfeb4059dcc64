//! The lines of a list of resources: every kind, what is below it, and the questions.

use super::super::kinds::{self, KINDS, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

const STORED: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
/// In the order of kinds that a definition makes.
const CUSTOM: &[&str] = &[
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];
const STATUS: &[&str] = &["get", "patch", "update"];
const CREATED: &[&str] = &["create"];

/// One line of a list: a resource or a subresource.
pub(super) struct Entry {
    pub group: &'static str,
    pub version: &'static str,
    /// `serviceaccounts/token` for a subresource.
    pub name: String,
    pub singular: &'static str,
    pub namespaced: bool,
    pub kind: &'static str,
    /// Where the kind is of another group.
    pub of: Option<(&'static str, &'static str)>,
    pub custom: bool,
    pub verbs: Vec<&'static str>,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub stored: Option<String>,
}

/// Objects that are questions: what is created is only answered.
const QUESTIONS: [(&str, &str, &str, &str, bool); 6] = [
    (
        AUTHENTICATION,
        "selfsubjectreviews",
        "selfsubjectreview",
        "SelfSubjectReview",
        false,
    ),
    (
        AUTHENTICATION,
        "tokenreviews",
        "tokenreview",
        "TokenReview",
        false,
    ),
    (
        AUTHORIZATION,
        "localsubjectaccessreviews",
        "localsubjectaccessreview",
        "LocalSubjectAccessReview",
        true,
    ),
    (
        AUTHORIZATION,
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        "SelfSubjectAccessReview",
        false,
    ),
    (
        AUTHORIZATION,
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        "SelfSubjectRulesReview",
        false,
    ),
    (
        AUTHORIZATION,
        "subjectaccessreviews",
        "subjectaccessreview",
        "SubjectAccessReview",
        false,
    ),
];

pub(super) fn entries() -> Vec<Entry> {
    let questions = QUESTIONS
        .iter()
        .map(|(group, name, singular, kind, namespaced)| Entry {
            group,
            version: "v1",
            name: (*name).to_owned(),
            singular,
            namespaced: *namespaced,
            kind,
            of: None,
            custom: false,
            verbs: CREATED.to_vec(),
            short_names: &[],
            categories: &[],
            stored: None,
        });
    let kinds = KINDS.iter().flat_map(of_kind);
    // The sort is stable: groups and versions stay in their order, the core group comes first.
    let mut entries: Vec<Entry> = questions.chain(kinds).collect();
    entries.sort_by_key(|entry| !entry.group.is_empty());
    entries
}

fn of_kind(kind: &'static Kind) -> Vec<Entry> {
    let mut verbs = if kind.custom { CUSTOM } else { STORED }.to_vec();
    if kind.resource == "namespaces" {
        verbs.retain(|verb| *verb != "deletecollection");
    }
    let whole = Entry {
        group: kind.group,
        version: kind.version,
        name: kind.resource.to_owned(),
        singular: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        of: None,
        custom: kind.custom,
        verbs,
        short_names: kind.short_names,
        categories: kind.categories,
        stored: Some(stored(kind)),
    };
    let sub = |name: &str, verbs: &[&'static str]| Entry {
        name: format!("{}/{name}", kind.resource),
        singular: "",
        verbs: verbs.to_vec(),
        short_names: &[],
        categories: &[],
        stored: None,
        ..of_kind_bare(kind)
    };
    let mut entries = vec![whole];
    if kind.resource == "namespaces" {
        entries.push(sub("finalize", &["update"]));
    }
    entries.extend(
        kinds::below(kind)
            .iter()
            .map(|(name, of, kind, verbs)| Entry {
                kind,
                of: *of,
                ..sub(name, verbs)
            }),
    );
    if kind.status {
        entries.push(sub("status", STATUS));
    }
    if kind.resource == "serviceaccounts" {
        entries.push(Entry {
            kind: "TokenRequest",
            of: Some((AUTHENTICATION, "v1")),
            ..sub("token", CREATED)
        });
    }
    entries
}

fn of_kind_bare(kind: &'static Kind) -> Entry {
    Entry {
        group: kind.group,
        version: kind.version,
        name: String::new(),
        singular: "",
        namespaced: kind.namespaced,
        kind: kind.kind,
        of: None,
        custom: kind.custom,
        verbs: Vec::new(),
        short_names: &[],
        categories: &[],
        stored: None,
    }
}

/// Tells clients when the form that objects are stored in changes.
fn stored(kind: &Kind) -> String {
    let text = format!("{}/{}/{}", kind.group, kind.stored().version, kind.kind);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    STANDARD.encode(digest.as_ref().get(..8).unwrap_or_default())
}
