//! The auth method `jwt`: whoever shows a token that a known key signed, and that says what a role wants, may log in.
//!
//! Keys stand in the config, or are fetched from where it points to, with every login.
//!
//! Absent: OIDC logins in a browser, providers with an API of their own, roles in CEL, policies that are templates.

mod bound;
mod config;
mod login;
mod role;

use super::Flavour;
use super::auth_method::{Place, Roles, unsupported_login};
use super::backend::{Backend, Review, Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::form::Form;
use config::Config;
use role::Role;

#[derive(Debug, Default)]
pub(super) struct Jwt {
    config: Option<Config>,
    roles: Roles<Role>,
}

impl Backend for Jwt {
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
            (Place::Config, Operation::Update) => self.write_config(call, flavour),
            (Place::Login, Operation::Update) => self.login(call, around),
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
        let review = reviews.last().cloned().ok_or_else(Refusal::denied)?;
        if Place::of(&call.path) == Place::Login {
            return self.end_login(call, around, review).map(Step::from);
        }
        let (form, config) = self.new_config(call, around.flavour)?;
        let checked = config.checked(review);
        self.store_config(&form, config, checked, around.flavour)
            .map(Step::from)
    }
}

impl Jwt {
    fn read_config(&self, call: &Call, flavour: Flavour) -> Result<Step, Refusal> {
        let form = Form::validated(call, &config::schema(flavour), flavour)?;
        let config = self.config.as_ref().ok_or_else(Refusal::not_found)?;
        let mut answer = form.answer(config.shown(flavour));
        if let (Some(warning), Answer::Secret(secret)) = (config.warning(flavour), &mut answer) {
            secret.warnings.insert(0, warning);
        }
        Ok(answer.into())
    }

    fn write_config(&mut self, call: &Call, flavour: Flavour) -> Result<Step, Refusal> {
        let (form, config) = self.new_config(call, flavour)?;
        match config.question() {
            Ok(Some(question)) => Ok(Step::Ask(Box::new(question))),
            Ok(None) => Ok(self.store_config(&form, config, Ok(()), flavour)?.into()),
            Err(why) => Ok(self.store_config(&form, config, Err(why), flavour)?.into()),
        }
    }

    fn new_config(&self, call: &Call, flavour: Flavour) -> Result<(Form, Config), Refusal> {
        let form = Form::validated(call, &config::schema(flavour), flavour)?;
        let config = Config::new(&form, self.config.as_ref(), flavour)?;
        Ok((form, config))
    }

    fn store_config(
        &mut self,
        form: &Form,
        mut config: Config,
        checked: Result<(), String>,
        flavour: Flavour,
    ) -> Result<Answer, Refusal> {
        let warnings = config.settle(form, checked, flavour)?;
        self.config = Some(config);
        Ok(form.done(warnings))
    }
}
