//! `delete`, `undelete` and `destroy`: versions by their numbers.

use super::super::backend::Surroundings;
use super::super::call::{Answer, Call, Refusal};
use super::super::form::{Form, Kind, Schema};
use super::{Endpoint, Kv2};

const SCHEMA: &Schema = &[("versions", Kind::Numbers)];

impl Kv2 {
    pub(super) fn change_versions(
        &mut self,
        endpoint: Endpoint,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(call, SCHEMA, Some("path"), false, around.flavour)?;
        let numbers = fields.numbers("versions");
        if numbers.is_empty() {
            return Err(Refusal::invalid(match endpoint {
                Endpoint::Destroy => "no version number provided",
                _ => "No version number provided",
            }));
        }
        let Some(secret) = self.secrets.get_mut(path) else {
            return Ok(Answer::Empty);
        };
        let again = secret.deletion(around.now, &self.config);
        for number in numbers
            .iter()
            .filter_map(|number| u64::try_from(*number).ok())
        {
            let Some(version) = secret.version_mut(number) else {
                continue;
            };
            match endpoint {
                _ if version.destroyed => {}
                Endpoint::Destroy => version.destroy(),
                Endpoint::Undelete => version.deletion = again,
                _ if version.is_deleted(around.now) => {}
                _ => version.deletion = Some(around.now),
            }
        }
        Ok(Answer::Empty)
    }
}
