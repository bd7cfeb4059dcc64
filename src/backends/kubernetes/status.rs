//! What a refusing answer says: `metav1.Status`, and what may be repeated of it.

use serde::Deserialize;

/// The longest part of a server's sentence that is repeated.
const SENTENCE: usize = 200;

#[derive(Deserialize)]
pub(super) struct Status {
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    causes: Option<Vec<Cause>>,
    #[serde(default)]
    retry_after_seconds: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Cause {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    field: String,
}

impl Status {
    /// `None` when the body is something else, such as the page of a proxy.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(body)
            .ok()
            .filter(|status| status.kind == "Status")
    }

    /// One word, such as `Forbidden`.
    pub(super) fn reason(&self) -> String {
        clean(&self.reason, 60)
    }

    /// The server's sentence, short and without control characters.
    pub(super) fn sentence(&self) -> Option<String> {
        let sentence = clean(&self.message, SENTENCE);
        (!sentence.is_empty()).then_some(sentence)
    }

    /// The object that was not found, as `kind name`; nothing when the server does not know the resource at all.
    pub(super) fn missing(&self) -> Option<(String, String)> {
        let details = self.details.as_ref()?;
        (self.reason == "NotFound" && !details.name.is_empty())
            .then(|| (clean(&details.kind, 60), clean(&details.name, 253)))
    }

    pub(super) fn retry_after(&self) -> Option<u64> {
        self.details.as_ref()?.retry_after_seconds
    }

    pub(super) fn is_terminating_namespace(&self) -> bool {
        self.causes()
            .iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// Which fields were refused; paths only, since what is said about them may hold their values.
    pub(super) fn fields(&self) -> Vec<String> {
        let mut fields: Vec<String> = self
            .causes()
            .iter()
            .map(|cause| clean(&cause.field, 120))
            .filter(|field| !field.is_empty())
            .collect();
        fields.dedup();
        fields
    }

    /// The managers that hold fields of a server-side apply, each with a field.
    pub(super) fn holders(&self) -> Vec<(String, String)> {
        self.causes()
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .filter_map(|cause| {
                // `conflict with "kubectl-edit" using v1`
                let manager = cause.message.split('"').nth(1)?;
                Some((clean(manager, 60), clean(&cause.field, 120)))
            })
            .collect()
    }

    fn causes(&self) -> &[Cause] {
        self.details
            .as_ref()
            .and_then(|details| details.causes.as_deref())
            .unwrap_or_default()
    }
}

fn clean(text: &str, most: usize) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(most)
        .collect()
}
