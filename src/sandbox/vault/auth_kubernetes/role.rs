//! A role: which service accounts may log in. A write changes what it sends, apart from the namespace selector, which is
//! set with every write.

use super::super::Flavour;
use super::super::auth_method;
use super::super::call::Refusal;
use super::super::claims;
use super::super::form::{Form, Kind, duration_text};
use super::super::token_role::{self, TokenRole};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Default)]
pub(super) struct Role {
    pub tokens: TokenRole,
    pub names: Vec<String>,
    /// `None` where it was never sent.
    pub namespaces: Option<Vec<String>>,
    pub selector: String,
    pub audience: String,
    alias_name_source: String,
}

const BY_UID: &str = "serviceaccount_uid";
pub(super) const BY_NAME: &str = "serviceaccount_name";

impl auth_method::Role for Role {
    fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)> {
        let mut schema = token_role::schema(flavour);
        schema.extend([
            ("alias_name_source", Kind::Text),
            ("audience", Kind::Text),
            ("bound_service_account_names", Kind::List),
            ("bound_service_account_namespace_selector", Kind::Text),
            ("bound_service_account_namespaces", Kind::List),
        ]);
        schema
    }

    fn update(&mut self, form: &Form, mount_max: u64) -> Result<Vec<String>, Refusal> {
        self.tokens.update(form).map_err(Refusal::invalid)?;
        let warnings = self.check_times(i64::try_from(mount_max).unwrap_or(i64::MAX))?;
        self.update_accounts(form)?;
        if let Some(audience) = form.text("audience") {
            self.audience = audience;
        }
        self.update_alias(form)?;
        Ok(warnings)
    }

    fn shown(&self, flavour: Flavour) -> Value {
        let mut shown = Map::new();
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("alias_name_source", self.alias_name_source.as_str().into());
        set("bound_service_account_names", json!(self.names));
        set(
            "bound_service_account_namespace_selector",
            self.selector.as_str().into(),
        );
        set("bound_service_account_namespaces", json!(self.namespaces));
        if !self.audience.is_empty() {
            set("audience", self.audience.as_str().into());
        }
        self.tokens.show(&mut shown, flavour);
        shown.into()
    }
}

impl Role {
    fn check_times(&self, mount_max: i64) -> Result<Vec<String>, Refusal> {
        let tokens = &self.tokens;
        if tokens.period > mount_max {
            return Err(Refusal::invalid(format!(
                "token period of '\"{}\"' is greater than the backend's maximum lease TTL of '\"{}\"'",
                duration_text(tokens.period),
                duration_text(mount_max)
            )));
        }
        if tokens.max_ttl > 0 && tokens.ttl > tokens.max_ttl {
            let error = "token ttl should not be greater than token max ttl";
            return Err(Refusal::invalid(error));
        }
        let truncated = "max_ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value will be truncated";
        let exceeds = tokens.max_ttl > mount_max;
        Ok(exceeds.then(|| truncated.to_owned()).into_iter().collect())
    }

    fn update_accounts(&mut self, form: &Form) -> Result<(), Refusal> {
        let mixed = || Refusal::invalid("can not mix \"*\" with values");
        let is_mixed = |list: &[String]| list.len() > 1 && list.iter().any(|name| name == "*");
        if let Some(names) = form.list("bound_service_account_names") {
            self.names = names;
        }
        if self.names.is_empty() {
            let error = "\"bound_service_account_names\" can not be empty";
            return Err(Refusal::invalid(error));
        }
        if is_mixed(&self.names) {
            return Err(mixed());
        }
        if let Some(namespaces) = form.list("bound_service_account_namespaces") {
            self.namespaces = Some(namespaces);
        }
        self.selector = form.text_or_empty("bound_service_account_namespace_selector");
        let namespaces = self.namespaces.as_deref().unwrap_or_default();
        if namespaces.is_empty() && self.selector.is_empty() {
            let error = "\"bound_service_account_namespaces\" can not be empty if \"bound_service_account_namespace_selector\" is not set";
            return Err(Refusal::invalid(error));
        }
        if !self.selector.is_empty() && labels(&self.selector).is_none() {
            let error = "invalid \"bound_service_account_namespace_selector\" configured";
            return Err(Refusal::invalid(error));
        }
        if is_mixed(namespaces) {
            return Err(mixed());
        }
        Ok(())
    }

    fn update_alias(&mut self, form: &Form) -> Result<(), Refusal> {
        match form.text("alias_name_source") {
            Some(source) if source.is_empty() && self.alias_name_source.is_empty() => {
                BY_UID.clone_into(&mut self.alias_name_source);
            }
            Some(source) => self.alias_name_source = source,
            None if self.alias_name_source.is_empty() => {
                BY_UID.clone_into(&mut self.alias_name_source);
            }
            None => {}
        }
        if ![BY_UID, BY_NAME].contains(&self.alias_name_source.as_str()) {
            let error = "invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name";
            return Err(Refusal::invalid(error));
        }
        Ok(())
    }

    /// Whether a namespace is one that the role names.
    pub(super) fn names_namespace(&self, namespace: &str) -> bool {
        let named = self.namespaces.as_deref().unwrap_or_default();
        named.first().is_some_and(|first| first == "*") || claims::any_glob(named, namespace)
    }

    pub(super) fn is_aliased_by_name(&self) -> bool {
        self.alias_name_source == BY_NAME
    }
}

/// The labels that a selector asks for, written as JSON; `None` where it is none that the server takes.
pub(super) fn labels(selector: &str) -> Option<Map<String, Value>> {
    let selector: Map<String, Value> = serde_json::from_str(selector).ok()?;
    if selector
        .get("matchExpressions")
        .is_some_and(|value| !value.is_null())
    {
        return None;
    }
    match selector.get("matchLabels") {
        None | Some(Value::Null) => Some(Map::new()),
        Some(Value::Object(labels)) if labels.values().all(Value::is_string) => {
            Some(labels.clone())
        }
        Some(_) => None,
    }
}
