//! The service account that a token speaks of: in today's tokens below `kubernetes.io`, in those of before in claims with
//! long names.

use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(super) struct Account {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    /// Only tokens of before come from a Secret.
    pub secret: String,
}

impl Account {
    pub(super) fn of(claims: &Map<String, Value>) -> Self {
        let long = |name: &str| {
            let claim = claims.get(&format!("kubernetes.io/serviceaccount/{name}"));
            text(claim)
        };
        let mut account = Self {
            name: long("service-account.name"),
            namespace: long("namespace"),
            uid: long("service-account.uid"),
            secret: long("secret.name"),
        };
        if let Some(Value::Object(kubernetes)) = claims.get("kubernetes.io") {
            account.namespace = text(kubernetes.get("namespace"));
            if let Some(Value::Object(own)) = kubernetes.get("serviceaccount") {
                account.name = text(own.get("name"));
                account.uid = text(own.get("uid"));
            }
        }
        account
    }

    /// Whether a review speaks of the same account.
    pub(super) fn is_in(&self, review: &Value, audiences: &[String]) -> bool {
        let status = &review["status"];
        let has_error = status["error"]
            .as_str()
            .is_some_and(|error| !error.is_empty());
        if has_error || status["authenticated"] != Value::Bool(true) {
            return false;
        }
        let known = status["audiences"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let shared = audiences
            .iter()
            .any(|audience| known.iter().any(|known| known == audience.as_str()));
        if !audiences.is_empty() && !shared {
            return false;
        }
        let user = &status["user"];
        let name = format!("system:serviceaccount:{}:{}", self.namespace, self.name);
        user["username"] == name.as_str() && user["uid"] == self.uid.as_str()
    }
}

fn text(claim: Option<&Value>) -> String {
    claim.and_then(Value::as_str).unwrap_or_default().to_owned()
}
