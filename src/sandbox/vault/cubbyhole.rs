//! `cubbyhole/`: a KV version 1 for each token, which no other token sees.

use super::backend::{Backend, Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::{kv1, names};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Cubbyhole {
    /// By token.
    entries: BTreeMap<String, BTreeMap<String, Box<str>>>,
}

impl Backend for Cubbyhole {
    fn handle(&mut self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let token = call.token.clone().unwrap_or_default();
        let path = call.path.as_str();
        let of_token = self.entries.get(&token);
        let answer = match call.operation {
            Operation::Read if path.is_empty() => return Err(failed("missing path")),
            Operation::Read => {
                let entry = of_token.and_then(|entries| entries.get(path));
                let entry = entry.ok_or_else(Refusal::not_found)?;
                kv1::said(call, around)?.warn(Answer::data(kv1::parsed(entry).into()))
            }
            Operation::List => {
                let list = |entries| names::children(entries, path, "", usize::MAX);
                let keys = names::keys(of_token.map(list).unwrap_or_default());
                kv1::said(call, around)?.list_of(keys)?
            }
            Operation::Create | Operation::Update => {
                if call.body.is_empty() {
                    return Err(failed("missing data fields"));
                }
                if path.is_empty() {
                    return Err(failed("missing path"));
                }
                let entries = self.entries.entry(token).or_default();
                entries.insert(path.to_owned(), kv1::text(&call.body));
                Answer::Empty
            }
            Operation::Delete => {
                if let Some(entries) = self.entries.get_mut(&token) {
                    entries.remove(path);
                }
                Answer::Empty
            }
            Operation::Scan | Operation::Patch => return Err(Refusal::unsupported_operation()),
        };
        Ok(answer.into())
    }
}

fn failed(reason: &str) -> Refusal {
    Refusal::new(500, format!("1 error occurred:\n\t* {reason}\n\n"))
}
