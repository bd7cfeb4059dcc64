//! From a call to its answer: whose token it is, whether its policies grant this, and which mount answers.

use super::Flavour;
use super::call::{Answer, Call, Refusal};
use super::state::{Namespace, State};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Core {
    state: Mutex<State>,
}

impl Core {
    pub(super) fn new(flavour: Flavour, root_token: &str) -> Self {
        let root = Namespace {
            id: "root".to_owned(),
            uuid: uuid::Uuid::new_v4().to_string(),
            mounts: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(State {
                flavour,
                root_token: root_token.to_owned(),
                namespaces: BTreeMap::from([(String::new(), root)]),
            }),
        }
    }

    pub(super) async fn answer(&self, call: Call) -> Result<Answer, Refusal> {
        let _ = (self.state(), call);
        Err(Refusal::unsupported_path())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every step leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
