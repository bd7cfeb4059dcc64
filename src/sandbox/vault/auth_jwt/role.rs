//! A role: what a token must say. A write changes what it sends, apart from the few fields that have a default, which are
//! set with every write.

use super::super::Flavour;
use super::super::auth_method;
use super::super::call::Refusal;
use super::super::form::{Form, Kind, duration_text, value_text};
use super::super::token_role::{self, TokenRole};
use super::bound::as_list;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the fields of a role as the API has them"
)]
pub(super) struct Role {
    pub tokens: TokenRole,
    pub role_type: String,
    pub expiration_leeway: i64,
    pub not_before_leeway: i64,
    pub clock_skew_leeway: i64,
    /// `None` is what was never sent, or sent as nothing.
    pub bound_audiences: Option<Vec<String>>,
    pub bound_subject: String,
    pub bound_claims_type: String,
    pub bound_claims: Option<Map<String, Value>>,
    pub claim_mappings: Option<BTreeMap<String, String>>,
    pub user_claim: String,
    pub user_claim_json_pointer: bool,
    pub groups_claim: String,
    allowed_redirect_uris: Option<Vec<String>>,
    oidc_scopes: Option<Vec<String>>,
    oauth2_metadata: Option<Vec<String>>,
    callback_mode: String,
    poll_interval: i64,
    verbose_oidc_logging: bool,
    max_age: i64,
    token_policies_template_claims: bool,
    oidc_disable_confirmation: bool,
}

impl auth_method::Role for Role {
    fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)> {
        let mut schema = token_role::schema(flavour);
        schema.extend([
            ("allowed_redirect_uris", Kind::List),
            ("bound_audiences", Kind::List),
            ("bound_claims", Kind::Map),
            ("bound_claims_type", Kind::Text),
            ("bound_subject", Kind::Text),
            ("claim_mappings", Kind::Pairs),
            ("clock_skew_leeway", Kind::SignedSeconds),
            ("expiration_leeway", Kind::SignedSeconds),
            ("groups_claim", Kind::Text),
            ("max_age", Kind::Seconds),
            ("not_before_leeway", Kind::SignedSeconds),
            ("oidc_scopes", Kind::List),
            ("role_type", Kind::Text),
            ("user_claim", Kind::Text),
            ("user_claim_json_pointer", Kind::Flag),
            ("verbose_oidc_logging", Kind::Flag),
        ]);
        if flavour == Flavour::OpenBao {
            schema.extend([
                ("callback_mode", Kind::Text),
                ("oauth2_metadata", Kind::List),
                ("oidc_disable_confirmation", Kind::Flag),
                ("poll_interval", Kind::Number),
                ("token_policies_template_claims", Kind::Flag),
            ]);
        }
        schema
    }

    fn update(&mut self, form: &Form, mount_max: u64) -> Result<Vec<String>, Refusal> {
        let mount_max = i64::try_from(mount_max).unwrap_or(i64::MAX);
        self.update_bindings(form, mount_max)
            .map_err(Refusal::invalid)?;
        self.update_claims(form).map_err(Refusal::invalid)?;
        self.update_oidc(form).map_err(Refusal::invalid)?;
        self.check().map_err(Refusal::invalid)?;
        Ok(self.warnings(mount_max))
    }

    fn shown(&self, flavour: Flavour) -> Value {
        let Value::Object(mut shown) = json!({
            "role_type": self.role_type,
            "expiration_leeway": self.expiration_leeway,
            "not_before_leeway": self.not_before_leeway,
            "clock_skew_leeway": self.clock_skew_leeway,
            "bound_audiences": self.bound_audiences,
            "bound_subject": self.bound_subject,
            "bound_claims_type": self.bound_claims_type,
            "bound_claims": self.bound_claims,
            "claim_mappings": self.claim_mappings,
            "user_claim": self.user_claim,
            "user_claim_json_pointer": self.user_claim_json_pointer,
            "groups_claim": self.groups_claim,
            "allowed_redirect_uris": self.allowed_redirect_uris,
            "oidc_scopes": self.oidc_scopes,
            "verbose_oidc_logging": self.verbose_oidc_logging,
            "max_age": self.max_age,
        }) else {
            return Value::Null;
        };
        self.tokens.show(&mut shown, flavour);
        if flavour == Flavour::OpenBao {
            let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
            set("callback_mode", self.callback_mode.as_str().into());
            set("oauth2_metadata", json!(self.oauth2_metadata));
            set(
                "oidc_disable_confirmation",
                self.oidc_disable_confirmation.into(),
            );
            set(
                "token_policies_template_claims",
                self.token_policies_template_claims.into(),
            );
            if self.poll_interval > 0 {
                set("poll_interval", self.poll_interval.into());
            }
        }
        shown.into()
    }
}

impl Role {
    fn update_bindings(&mut self, form: &Form, mount_max: i64) -> Result<(), String> {
        let role_type = form.text_or_empty("role_type");
        self.role_type = match role_type.as_str() {
            "" | "oidc" => "oidc".to_owned(),
            "jwt" => role_type,
            _ => return Err(format!("invalid 'role_type': {role_type}")),
        };
        self.tokens.update(form)?;
        if self.tokens.period > mount_max {
            return Err(format!(
                "'period' of '\"{}\"' is greater than the backend's maximum lease TTL of '\"{}\"'",
                duration_text(self.tokens.period),
                duration_text(mount_max)
            ));
        }
        take(
            &mut self.expiration_leeway,
            form.number("expiration_leeway"),
        );
        take(
            &mut self.not_before_leeway,
            form.number("not_before_leeway"),
        );
        take(
            &mut self.clock_skew_leeway,
            form.number("clock_skew_leeway"),
        );
        take(
            &mut self.bound_audiences,
            form.list("bound_audiences").map(Some),
        );
        take(&mut self.bound_subject, form.text("bound_subject"));
        take(
            &mut self.verbose_oidc_logging,
            form.flag("verbose_oidc_logging"),
        );
        take(&mut self.max_age, form.number("max_age"));
        let template = form.flag("token_policies_template_claims");
        take(&mut self.token_policies_template_claims, template);
        Ok(())
    }

    fn update_claims(&mut self, form: &Form) -> Result<(), String> {
        let kind = form.text("bound_claims_type");
        let kind = kind.unwrap_or_else(|| "string".to_owned());
        if !["string", "glob"].contains(&kind.as_str()) {
            return Err(format!("invalid 'bound_claims_type': {kind}"));
        }
        self.bound_claims_type = kind;
        if let Some(claims) = form.map("bound_claims") {
            if self.bound_claims_type == "glob" {
                check_globs(claims)?;
            }
            self.bound_claims = claims.cloned();
        }
        if let Some(mappings) = form.pairs("claim_mappings") {
            check_mappings(mappings.as_ref())?;
            self.claim_mappings = mappings;
        }
        Ok(())
    }

    fn update_oidc(&mut self, form: &Form) -> Result<(), String> {
        if let Some(names) = form.list("oauth2_metadata") {
            let known = ["id_token", "refresh_token", "access_token"];
            if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
                return Err(format!("Unrecognized oauth2 metadata name {name}"));
            }
            self.oauth2_metadata = Some(names);
        }
        take(&mut self.user_claim, form.text("user_claim"));
        if self.user_claim.is_empty() {
            return Err("a user claim must be defined on the role".to_owned());
        }
        take(
            &mut self.user_claim_json_pointer,
            form.flag("user_claim_json_pointer"),
        );
        take(&mut self.groups_claim, form.text("groups_claim"));
        take(&mut self.oidc_scopes, form.list("oidc_scopes").map(Some));
        let redirects = form.list("allowed_redirect_uris").map(Some);
        take(&mut self.allowed_redirect_uris, redirects);
        take(&mut self.poll_interval, form.number("poll_interval"));
        let mode = form.text("callback_mode");
        let mode = mode.unwrap_or_else(|| "client".to_owned());
        if !["device", "direct", "client"].contains(&mode.as_str()) {
            return Err(format!("invalid 'callback_mode': {mode}"));
        }
        self.callback_mode = mode;
        self.oidc_disable_confirmation = form.flag("oidc_disable_confirmation").unwrap_or_default();
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let none = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
        if self.role_type == "oidc" {
            if none(&self.allowed_redirect_uris) {
                return Err(
                    "'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified."
                        .to_owned(),
                );
            }
        } else if none(&self.bound_audiences)
            && self.tokens.bound_cidrs.is_empty()
            && self.bound_subject.is_empty()
            && self.bound_claims.as_ref().is_none_or(Map::is_empty)
        {
            return Err(
                "must have at least one bound constraint when creating/updating a role".to_owned(),
            );
        }
        if self.tokens.max_ttl > 0 && self.tokens.ttl > self.tokens.max_ttl {
            return Err("ttl should not be greater than max ttl".to_owned());
        }
        Ok(())
    }

    fn warnings(&self, mount_max: i64) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.tokens.max_ttl > mount_max {
            warnings.push("token max ttl is greater than the system or backend mount's maximum TTL value; issued tokens' max TTL value will be truncated".to_owned());
        }
        if self.verbose_oidc_logging {
            warnings.push("verbose_oidc_logging has been enabled for this role. This is not recommended in production since sensitive information may be present in OIDC responses.".to_owned());
        }
        warnings
    }
}

fn take<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn check_globs(claims: Option<&Map<String, Value>>) -> Result<(), String> {
    for value in claims.into_iter().flat_map(Map::values) {
        let Some(values) = as_list(value) else {
            return Err(format!(
                "claim is not a string or list: {}",
                value_text(value)
            ));
        };
        if let Some(value) = values.iter().find(|value| !value.is_string()) {
            return Err(format!("claim is not a string: {}", value_text(value)));
        }
    }
    Ok(())
}

fn check_mappings(mappings: Option<&BTreeMap<String, String>>) -> Result<(), String> {
    let mut targets = BTreeSet::new();
    for target in mappings.into_iter().flat_map(BTreeMap::values) {
        if target == "role" {
            return Err(format!(
                "metadata key {target:?} is reserved and may not be a mapping destination"
            ));
        }
        if !targets.insert(target) {
            return Err(format!(
                "multiple keys are mapped to metadata key {target:?}"
            ));
        }
    }
    Ok(())
}
