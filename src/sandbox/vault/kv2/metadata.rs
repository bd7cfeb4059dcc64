//! What is known about a secret, and what it is told beyond its value.

use super::super::Flavour;
use super::super::backend::Surroundings;
use super::super::call::{self, Answer, Call, Refusal};
use super::super::form::{Form, Kind, Schema};
use super::config::Config;
use super::secret::{Secret, Settings, duration, time, versions_kept};
use super::{Kv2, custom, failed, name, nothing_there};
use serde_json::{Map, Value, json};

const SCHEMA: &Schema = &[
    ("cas_required", Kind::Flag),
    ("custom_metadata", Kind::Map),
    ("delete_version_after", Kind::Seconds),
    ("max_versions", Kind::Number),
    ("metadata_cas_required", Kind::Flag),
    ("metadata_cas", Kind::Number),
    ("after", Kind::Text),
    ("limit", Kind::Number),
];
/// Without what `HashiCorp`'s does not have.
const OLDER_SCHEMA: &Schema = &[
    ("cas_required", Kind::Flag),
    ("custom_metadata", Kind::Map),
    ("delete_version_after", Kind::Seconds),
    ("max_versions", Kind::Number),
];
/// Without one of these, there is nothing to write.
const WRITTEN: [&str; 5] = [
    "max_versions",
    "cas_required",
    "metadata_cas_required",
    "delete_version_after",
    "custom_metadata",
];

pub(super) fn schema(flavour: Flavour) -> &'static Schema {
    match flavour {
        Flavour::OpenBao => SCHEMA,
        Flavour::HashiCorp => OLDER_SCHEMA,
    }
}

impl Kv2 {
    pub(super) fn read_metadata(
        &self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(
            call,
            schema(around.flavour),
            Some("path"),
            true,
            around.flavour,
        )?;
        let secret = self.secrets.get(name(path));
        let secret = secret.ok_or_else(Refusal::not_found)?;
        Ok(fields.warn(Answer::data(told(secret, around.flavour))))
    }

    pub(super) fn write_metadata(
        &mut self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(
            call,
            schema(around.flavour),
            Some("path"),
            true,
            around.flavour,
        )?;
        if !fields.has_any(&WRITTEN) {
            return Ok(Answer::Empty);
        }
        let custom = match fields.map("custom_metadata") {
            Some(given) => Some(custom::written(given, around.flavour)?),
            None => None,
        };
        let known = self.secrets.get(path);
        check_and_set(&fields, &self.config, known)?;
        let secret = self.secrets.entry(path.to_owned()).or_default();
        secret.created.get_or_insert(around.now);
        secret.updated = Some(around.now);
        let settings = secret.settings.get_or_insert_default();
        settings.version += 1;
        settings.set(&fields);
        if let Some(custom) = custom {
            settings.custom = custom;
        }
        Ok(ignored(&self.config, &fields).map_or(Answer::Empty, |answer| fields.warn(answer)))
    }

    pub(super) fn patch_metadata(
        &mut self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(
            call,
            schema(around.flavour),
            Some("path"),
            true,
            around.flavour,
        )?;
        let changes = fields.has_any(&WRITTEN);
        if !changes && around.flavour == Flavour::OpenBao {
            return Ok(Answer::Empty);
        }
        let given = fields.map("custom_metadata");
        if let Some(given) = given {
            custom::checked(given, around.flavour)?;
        }
        let Some(secret) = self.secrets.get_mut(path) else {
            return Ok(nothing_there());
        };
        check_and_set(&fields, &self.config, Some(secret))?;
        let mut settings = secret.settings().cloned().unwrap_or_default();
        if let Some(given) = given {
            custom::patch(&mut settings.custom, given, around.flavour)?;
        }
        let number = fields.number("max_versions").unwrap_or(0);
        if u32::try_from(number).is_err() {
            let place = match around.flavour {
                Flavour::OpenBao => ".max_versions",
                Flavour::HashiCorp => "KeyMetadata.max_versions",
            };
            return Err(failed(&format!(
                "json: cannot unmarshal number {number} into Go struct field {place} of type uint32"
            )));
        }
        let before = settings.delete_version_after;
        settings.set(&fields);
        // To OpenBao a patch of zero says nothing: to take it away, one writes.
        if settings.delete_version_after == 0 && around.flavour == Flavour::OpenBao {
            settings.delete_version_after = before;
        }
        settings.version += 1;
        secret.settings = Some(Box::new(settings));
        secret.updated = Some(around.now);
        Ok(ignored(&self.config, &fields).map_or(Answer::Empty, |answer| fields.warn(answer)))
    }
}

impl Settings {
    /// All but the custom metadata, which is written and patched in ways of its own.
    fn set(&mut self, fields: &Form) {
        if let Some(number) = fields.number("max_versions") {
            self.max_versions = versions_kept(number);
        }
        if let Some(required) = fields.flag("cas_required") {
            self.cas_required = required;
        }
        if let Some(required) = fields.flag("metadata_cas_required") {
            self.metadata_cas_required = required;
        }
        if let Some(seconds) = fields.number("delete_version_after") {
            self.delete_version_after = seconds;
        }
    }
}

fn check_and_set(fields: &Form, config: &Config, secret: Option<&Secret>) -> Result<(), Refusal> {
    let settings = secret.and_then(Secret::settings);
    let own = settings.is_some_and(|settings| settings.metadata_cas_required);
    let Some(cas) = fields.number("metadata_cas") else {
        if own || config.metadata_cas_required {
            let error = "metadata check-and-set parameter required for this call";
            return Err(Refusal::invalid(error));
        }
        return Ok(());
    };
    let current = settings.map_or(0, |settings| settings.version);
    if u64::try_from(cas) == Ok(current) {
        return Ok(());
    }
    Err(Refusal::invalid(match secret {
        Some(_) => "metadata check-and-set parameter does not match the current version",
        None => "metadata_cas must be 0 when creating new metadata",
    }))
}

/// What is written in vain, since the mount mandates it.
fn ignored(config: &Config, fields: &Form) -> Option<Answer> {
    let mandated = [
        ("cas_required", config.cas_required),
        ("metadata_cas_required", config.metadata_cas_required),
    ];
    let in_vain = mandated
        .iter()
        .filter(|(name, mandated)| *mandated && fields.flag(name) == Some(false));
    let warnings: Vec<String> = in_vain
        .map(|(name, _)| {
            format!(
                "{name:?} set to false, but is mandated by backend config. This value will be ignored."
            )
        })
        .collect();
    (!warnings.is_empty()).then(|| {
        Answer::Secret(Box::new(call::Secret {
            warnings,
            ..call::Secret::default()
        }))
    })
}

/// A map of nothing is none.
pub(super) fn custom(secret: &Secret) -> Value {
    let settings = secret.settings();
    let custom = settings.map(|settings| &settings.custom);
    custom
        .filter(|custom| !custom.is_empty())
        .map_or(Value::Null, |custom| json!(custom))
}

pub(super) fn told(secret: &Secret, flavour: Flavour) -> Value {
    let versions: Map<String, Value> = secret
        .versions()
        .map(|(number, version)| {
            let version = json!({
                "created_time": time(Some(version.created)),
                "deletion_time": time(version.deletion),
                "destroyed": version.destroyed,
            });
            (number.to_string(), version)
        })
        .collect();
    let none = Settings::default();
    let settings = secret.settings().unwrap_or(&none);
    let mut told = json!({
        "versions": versions,
        "current_version": secret.current,
        "oldest_version": secret.oldest,
        "created_time": time(secret.created),
        "updated_time": time(secret.updated),
        "max_versions": settings.max_versions,
        "cas_required": settings.cas_required,
        "delete_version_after": duration(settings.delete_version_after),
        "custom_metadata": custom(secret),
    });
    if flavour == Flavour::OpenBao {
        told["current_metadata_version"] = settings.version.into();
        told["metadata_cas_required"] = settings.metadata_cas_required.into();
    }
    told
}
