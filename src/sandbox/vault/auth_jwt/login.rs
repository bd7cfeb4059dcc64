//! A login: the signature first, then what the token says.

use super::super::Flavour;
use super::super::backend::{ReviewFailure, Step, Surroundings};
use super::super::call::{Answer, Call, Refusal};
use super::super::claims::{self, Expected};
use super::super::form::{Form, Kind};
use super::config::{Config, Source};
use super::role::Role;
use super::{Jwt, bound};
use crate::sandbox::jwt::{PublicKey, Token};
use serde_json::{Map, Value};

struct Candidate<'j> {
    config: &'j Config,
    role: &'j Role,
    role_name: String,
    jwt: String,
    warnings: Vec<String>,
}

impl Jwt {
    pub(super) fn login(&self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let candidate = self.candidate(call, around)?;
        match (candidate.config.keys_question(), &candidate.config.source) {
            (None, Source::Keys(keys)) => {
                let unsigned = "no known key successfully validated the token signature";
                let answer = candidate.accept(keys, unsigned, around)?;
                Ok(answer.into())
            }
            (Some(question), _) => Ok(Step::Ask(Box::new(question))),
            (None, _) => Err(Refusal::denied()),
        }
    }

    pub(super) fn end_login(
        &self,
        call: &Call,
        around: &Surroundings,
        answer: Result<Value, ReviewFailure>,
    ) -> Result<Answer, Refusal> {
        let candidate = self.candidate(call, around)?;
        let keys = candidate.config.keys(answer).map_err(|why| {
            Refusal::invalid(format!(
                "error validating token: error verifying token signature: fetching keys {why}"
            ))
        })?;
        candidate.accept(&keys, "failed to verify id token signature", around)
    }

    fn candidate(&self, call: &Call, around: &Surroundings) -> Result<Candidate<'_>, Refusal> {
        let schema = vec![("jwt", Kind::Text), ("role", Kind::LowerText)];
        let form = Form::validated(call, &schema, around.flavour)?;
        let config = self.config.as_ref();
        let config = config.ok_or_else(|| Refusal::invalid("could not load configuration"))?;
        let mut role_name = form.text_or_empty("role");
        if role_name.is_empty() {
            role_name.clone_from(&config.default_role);
        }
        if role_name.is_empty() {
            return Err(Refusal::invalid("missing role"));
        }
        let role = self.roles.get(&role_name);
        let role =
            role.ok_or_else(|| Refusal::invalid(format!("role {role_name:?} could not be found")))?;
        if role.role_type == "oidc" {
            return Err(Refusal::invalid("role with oidc role_type is not allowed"));
        }
        let jwt = form.text_or_empty("jwt");
        if jwt.is_empty() {
            return Err(Refusal::invalid("missing token"));
        }
        if !role.tokens.admits_loopback() {
            return Err(Refusal::denied());
        }
        Ok(Candidate {
            config,
            role,
            role_name,
            jwt,
            warnings: form.warnings(),
        })
    }
}

impl Candidate<'_> {
    fn accept(
        self,
        keys: &[PublicKey],
        unsigned: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let claims = self
            .claims(keys, unsigned, around)
            .map_err(|why| Refusal::invalid(format!("error validating token: {why}")))?;
        let (role, refuse) = (self.role, |why: String| Refusal::invalid(why));
        let bound = role.bound_audiences.as_deref().unwrap_or_default();
        if bound.is_empty() && !claims::audiences(&claims).is_empty() {
            let error = "audience claim found in JWT but no audiences bound to the role";
            return Err(Refusal::invalid(error));
        }
        let user = bound::user(role, &claims).map_err(refuse)?;
        let mut metadata = bound::metadata(role, &claims).map_err(refuse)?;
        bound::check_groups(role, &claims).map_err(refuse)?;
        bound::check(role, &claims)
            .map_err(|why| Refusal::invalid(format!("error validating claims: {why}")))?;
        metadata.insert("role".to_owned(), self.role_name);
        let mut login = role.tokens.login();
        login.display_name.clone_from(&user);
        login.alias_name = user;
        login.metadata = metadata;
        login.warnings = self.warnings;
        Ok(Answer::Login(Box::new(login)))
    }

    fn claims(
        &self,
        keys: &[PublicKey],
        unsigned: &str,
        around: &Surroundings,
    ) -> Result<Map<String, Value>, String> {
        let unverified = |why: &str| format!("error verifying token signature: {why}");
        let fetched = !matches!(self.config.source, Source::Keys(_));
        let malformed = |why: &str| {
            let prefix = if fetched { "oidc: malformed jwt: " } else { "" };
            unverified(&format!("{prefix}{why}"))
        };
        if let Some(why) = claims::malformed(&self.jwt) {
            return Err(malformed(&why));
        }
        let token = Token::parse(&self.jwt).ok_or_else(|| unverified(unsigned))?;
        let algorithm = token.algorithm().unwrap_or_default();
        if fetched && !claims::ALGORITHMS.contains(&algorithm) {
            let library = match around.flavour {
                Flavour::OpenBao => "",
                Flavour::HashiCorp => "go-jose/go-jose: ",
            };
            let expected = format!("{:?}", claims::ALGORITHMS).replace(',', "");
            return Err(malformed(&format!(
                "{library}unexpected signature algorithm {algorithm:?}; expected {expected}"
            )));
        }
        let named = |key: &&PublicKey| match (&key.id, token.key_id()) {
            // Keys of a config have no id; of a set, it is the one that the token names.
            (id, Some(wanted)) if fetched => id.as_deref() == Some(wanted),
            _ => true,
        };
        if !keys.iter().filter(named).any(|key| token.is_signed_by(key)) {
            return Err(unverified(unsigned));
        }
        let role = self.role;
        let configured: Vec<&str> = self.config.algorithms.iter().map(String::as_str).collect();
        let expected = Expected {
            issuer: &self.config.bound_issuer,
            subject: &role.bound_subject,
            audiences: role.bound_audiences.as_deref().unwrap_or_default(),
            algorithms: if configured.is_empty() {
                &claims::ALGORITHMS
            } else {
                &configured
            },
            not_before_leeway: role.not_before_leeway,
            expiration_leeway: role.expiration_leeway,
            clock_skew_leeway: role.clock_skew_leeway,
            timeless: false,
        };
        claims::check(&token, &expected, around.now)?;
        Ok(token.claims)
    }
}
