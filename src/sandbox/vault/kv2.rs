//! KV version 2: every write of a secret is a version of it, and what is known about a secret is told without its value.
//!
//! A time in the future is a deletion that was not yet: nothing runs in the background, each answer looks at the clock.

mod config;
mod custom;
mod data;
mod listing;
mod metadata;
mod patch;
mod secret;
mod versions;

use super::Flavour;
use super::backend::{Backend, Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::form::Form;
use super::kv1::Kv1;
use config::Config;
use jiff::Timestamp;
use secret::Secret;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Kv2 {
    config: Config,
    secrets: BTreeMap<String, Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Config,
    Data,
    Metadata,
    Detailed,
    Subkeys,
    Delete,
    Undelete,
    Destroy,
}

/// Which endpoint a path below the mount is, and the path of the secret.
fn endpoint(path: &str, flavour: Flavour) -> Option<(Endpoint, &str)> {
    if path == "config" {
        return Some((Endpoint::Config, ""));
    }
    let (first, secret) = path.split_once('/')?;
    let endpoint = match first {
        "data" => Endpoint::Data,
        "metadata" => Endpoint::Metadata,
        "detailed-metadata" if flavour == Flavour::OpenBao => Endpoint::Detailed,
        "subkeys" => Endpoint::Subkeys,
        "delete" => Endpoint::Delete,
        "undelete" => Endpoint::Undelete,
        "destroy" => Endpoint::Destroy,
        _ => return None,
    };
    let no_folder = flavour == Flavour::HashiCorp && endpoint == Endpoint::Data;
    let is_folder = secret.is_empty() || secret.ends_with('/');
    (!(no_folder && is_folder)).then_some((endpoint, secret))
}

/// Secrets are found with a slash behind their name as well.
fn name(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

impl Backend for Kv2 {
    fn exists(&self, path: &str) -> Option<bool> {
        // Where only one flavour has an endpoint, the other one refuses it whatever it is asked.
        match endpoint(path, Flavour::OpenBao)? {
            (Endpoint::Data | Endpoint::Metadata | Endpoint::Detailed, secret) => {
                Some(self.secrets.contains_key(name(secret)))
            }
            _ => None,
        }
    }

    fn readable(&self, call: &Call, flavour: Flavour) -> Result<(), Refusal> {
        let schema = match endpoint(&call.path, flavour) {
            Some((Endpoint::Data, _)) => data::SCHEMA,
            Some((Endpoint::Metadata, _)) => metadata::schema(flavour),
            Some((Endpoint::Detailed, _)) => listing::SCHEMA,
            _ => return Ok(()),
        };
        Form::read(call, schema, Some("path"), true, flavour).map(drop)
    }

    fn handle(&mut self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let Some((endpoint, path)) = endpoint(&call.path, around.flavour) else {
            return Err(invalid_path(call, around.flavour));
        };
        let answer = match (endpoint, call.operation) {
            (Endpoint::Config, Operation::Read) => self.read_config(call, around),
            (Endpoint::Config, Operation::Create | Operation::Update) => {
                self.write_config(call, around)
            }
            // Its path ends where a list has its slash.
            (Endpoint::Config, Operation::List | Operation::Scan) => {
                Err(invalid_path(call, around.flavour))
            }
            (Endpoint::Data, Operation::Read) => self.read(call, path, around),
            (Endpoint::Data, Operation::Create | Operation::Update) => {
                self.write(call, path, around)
            }
            (Endpoint::Data, Operation::Patch) => self.patch(call, path, around),
            (Endpoint::Data, Operation::Delete) => self.delete(call, path, around),
            (Endpoint::Subkeys, Operation::Read) => self.subkeys(call, path, around),
            (
                Endpoint::Delete | Endpoint::Undelete | Endpoint::Destroy,
                Operation::Create | Operation::Update,
            ) => self.change_versions(endpoint, call, path, around),
            (Endpoint::Metadata | Endpoint::Detailed, Operation::List) => {
                self.list(endpoint, call, path, around)
            }
            (Endpoint::Metadata | Endpoint::Detailed, Operation::Scan) => {
                self.scan(endpoint, call, path, around)
            }
            (Endpoint::Metadata, Operation::Read) => self.read_metadata(call, path, around),
            (Endpoint::Metadata, Operation::Create | Operation::Update) => {
                self.write_metadata(call, path, around)
            }
            (Endpoint::Metadata, Operation::Patch) => self.patch_metadata(call, path, around),
            (Endpoint::Metadata, Operation::Delete) => {
                self.secrets.remove(name(path));
                Ok(Answer::Empty)
            }
            _ => Err(Refusal::unsupported_operation()),
        };
        answer.map(Step::from)
    }
}

impl Kv2 {
    /// What a mount of version 1 becomes when its version is tuned to 2: each value the first version of a secret.
    pub(super) fn from_kv1(older: &Kv1, now: Timestamp) -> Self {
        let secrets = older.values().map(|(path, data)| {
            let mut secret = Secret::default();
            secret.add(Some(&data), now, &Config::default());
            secret.oldest = 1;
            (path.to_owned(), secret)
        });
        Self {
            config: Config::default(),
            secrets: secrets.collect(),
        }
    }
}

fn invalid_path(call: &Call, flavour: Flavour) -> Refusal {
    let operation = match call.operation {
        Operation::Create | Operation::Update => "put",
        Operation::Patch => "patch",
        Operation::Read => "get",
        Operation::List => "list",
        Operation::Scan => "scan",
        Operation::Delete => "delete",
    };
    let (product, command) = match flavour {
        Flavour::OpenBao => ("OpenBao", "bao"),
        Flavour::HashiCorp => ("Vault", "vault"),
    };
    let warning = match call.path.as_str() {
        "metadata" | "data" | "delete" | "undelete" | "destroy" => {
            "Non-listing operations on the root of a K/V v2 mount are not supported.".to_owned()
        }
        _ => format!(
            "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints \
             to use. If using the {product} CLI, use '{command} kv {operation}' for this operation."
        ),
    };
    Refusal {
        warnings: vec![warning],
        ..Refusal::not_found()
    }
}

/// 404 without a body, where even that there are no errors is not said.
fn nothing_there() -> Answer {
    Answer::Plain(404, serde_json::Value::Null)
}

/// A failure inside of the engine.
fn failed(reason: &str) -> Refusal {
    Refusal::new(500, format!("1 error occurred:\n\t* {reason}\n\n"))
}
