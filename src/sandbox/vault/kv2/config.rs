//! What holds for every secret of a mount.

use super::super::Flavour;
use super::super::backend::Surroundings;
use super::super::call::{Answer, Call, Refusal};
use super::super::form::{Form, Kind, Schema};
use super::Kv2;
use super::secret::{duration, versions_kept};
use serde_json::json;

const SCHEMA: &Schema = &[
    ("max_versions", Kind::Number),
    ("cas_required", Kind::Flag),
    ("metadata_cas_required", Kind::Flag),
    ("delete_version_after", Kind::SignedSeconds),
];
/// Without what `HashiCorp`'s does not have.
const OLDER_SCHEMA: &Schema = &[
    ("max_versions", Kind::Number),
    ("cas_required", Kind::Flag),
    ("delete_version_after", Kind::SignedSeconds),
];

#[derive(Debug, Default)]
pub(super) struct Config {
    /// 0 is the usual number of them.
    pub max_versions: u32,
    pub cas_required: bool,
    pub metadata_cas_required: bool,
    /// Seconds; 0 is not said, below zero is never, whatever a secret says of itself.
    pub delete_version_after: i64,
}

impl Kv2 {
    pub(super) fn read_config(
        &self,
        call: &Call,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = read(call, around.flavour)?;
        let config = &self.config;
        let mut data = json!({
            "max_versions": config.max_versions,
            "cas_required": config.cas_required,
            "delete_version_after": duration(config.delete_version_after),
        });
        if around.flavour == Flavour::OpenBao {
            data["metadata_cas_required"] = config.metadata_cas_required.into();
        }
        Ok(fields.warn(Answer::data(data)))
    }

    pub(super) fn write_config(
        &mut self,
        call: &Call,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = read(call, around.flavour)?;
        let config = &mut self.config;
        if let Some(number) = fields.number("max_versions") {
            config.max_versions = versions_kept(number);
        }
        if let Some(required) = fields.flag("cas_required") {
            config.cas_required = required;
        }
        if let Some(required) = fields.flag("metadata_cas_required") {
            config.metadata_cas_required = required;
        }
        if let Some(seconds) = fields.number("delete_version_after") {
            config.delete_version_after = seconds.max(-1);
        }
        Ok(Answer::Empty)
    }
}

fn read(call: &Call, flavour: Flavour) -> Result<Form, Refusal> {
    let schema = match flavour {
        Flavour::OpenBao => SCHEMA,
        Flavour::HashiCorp => OLDER_SCHEMA,
    };
    Form::read(call, schema, Some("path"), false, flavour)
}
