//! The auth method `kubernetes`: service accounts of one cluster log in with their tokens, and the cluster itself is asked
//! whether they are good.
//!
//! Absent: the token and CA of a pod that this Vault runs in, since it runs in none; annotations as alias metadata, which
//! nothing shows here.

mod account;
mod config;
mod login;
mod role;
mod selector;

use super::Flavour;
use super::auth_method::{Place, Roles, unsupported_login, written};
use super::backend::{Backend, Review, Step, Surroundings};
use super::call::{Call, Operation, Refusal};
use super::form::Form;
use config::Config;
use role::Role;

#[derive(Debug, Default)]
pub(super) struct Kubernetes {
    config: Option<Config>,
    roles: Roles<Role>,
}

impl Backend for Kubernetes {
    fn exists(&self, path: &str) -> Option<bool> {
        self.roles.exists(path)
    }

    fn is_open(&self, path: &str) -> bool {
        path == "login"
    }

    fn handle(&mut self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let flavour = around.flavour;
        match (Place::of(&call.path), call.operation) {
            (Place::Config, Operation::Read) => self.read_config(call, flavour),
            (Place::Config, Operation::Update) => {
                let form = Form::validated(call, &config::schema(flavour), flavour)?;
                self.config = Some(Config::new(&form, self.config.as_ref(), flavour)?);
                Ok(written())
            }
            (Place::Login, Operation::Update) => self.login(call, around, &[]),
            (Place::Login, _) => Err(unsupported_login()),
            (Place::Roles, Operation::List) => self.roles.list(call, flavour),
            (Place::Role(name), _) => self.roles.handle(name, call, around),
            (Place::Nowhere, _) => Err(Refusal::unsupported_path()),
            _ => Err(Refusal::unsupported_operation()),
        }
    }

    fn reviewed(
        &mut self,
        call: &Call,
        around: &Surroundings,
        reviews: &[Review],
    ) -> Result<Step, Refusal> {
        self.login(call, around, reviews)
    }
}

impl Kubernetes {
    fn read_config(&self, call: &Call, flavour: Flavour) -> Result<Step, Refusal> {
        let form = Form::validated(call, &config::schema(flavour), flavour)?;
        let config = self.config.as_ref().ok_or_else(Refusal::not_found)?;
        Ok(form.answer(config.shown(flavour)).into())
    }
}
