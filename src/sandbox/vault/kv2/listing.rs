//! Lists of one folder and scans of everything below it, with or without what is known about each secret.

use super::super::Flavour;
use super::super::backend::Surroundings;
use super::super::call::{Answer, Call, Refusal};
use super::super::form::{Form, Kind, Schema};
use super::super::names;
use super::metadata::told;
use super::{Endpoint, Kv2, metadata};
use serde_json::{Map, Value};

pub(super) const SCHEMA: &Schema = &[("after", Kind::Text), ("limit", Kind::Number)];

impl Kv2 {
    pub(super) fn list(
        &self,
        endpoint: Endpoint,
        call: &Call,
        folder: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = read(endpoint, call, around)?;
        let after = fields.text_or_empty("after");
        let names = names::children(&self.secrets, folder, &after, fields.limit());
        let data = self.data(endpoint, folder, names, around.flavour);
        fields.list_of(data)
    }

    pub(super) fn scan(
        &self,
        endpoint: Endpoint,
        call: &Call,
        folder: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = read(endpoint, call, around)?;
        let names = names::below(&self.secrets, folder);
        let data = self.data(endpoint, folder, names, around.flavour);
        Ok(fields.warn(Answer::data(data.into())))
    }

    fn data(
        &self,
        endpoint: Endpoint,
        folder: &str,
        names: Vec<String>,
        flavour: Flavour,
    ) -> Map<String, Value> {
        if endpoint == Endpoint::Metadata || names.is_empty() {
            return names::keys(names);
        }
        let about = names.iter().map(|name| {
            // A folder is told by the secret of the same name, where there is one.
            let path = format!("{folder}{}", name.trim_end_matches('/'));
            let about = self.secrets.get(&path).map(|secret| told(secret, flavour));
            (name.clone(), about.unwrap_or_else(|| Map::new().into()))
        });
        let about: Map<String, Value> = about.collect();
        let mut data = names::keys(names);
        data.insert("key_info".to_owned(), about.into());
        data
    }
}

fn read(endpoint: Endpoint, call: &Call, around: &Surroundings) -> Result<Form, Refusal> {
    let schema = match endpoint {
        Endpoint::Detailed => SCHEMA,
        _ => metadata::schema(around.flavour),
    };
    Form::read(call, schema, Some("path"), true, around.flavour)
}
