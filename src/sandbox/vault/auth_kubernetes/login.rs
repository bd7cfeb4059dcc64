//! A login: what can be said of a token by itself, then the cluster's word on it.

use super::super::Flavour;
use super::super::backend::{Question, ReviewFailure, Step, Surroundings};
use super::super::call::{Answer, Call, Refusal};
use super::super::claims::{self, Expected};
use super::super::form::{Form, Kind};
use super::Kubernetes;
use super::account::Account;
use super::config::Config;
use super::role::Role;
use crate::sandbox::jwt::Token;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/// A token that passed everything but the cluster.
struct Candidate<'k> {
    config: &'k Config,
    role: &'k Role,
    role_name: String,
    jwt: String,
    warnings: Vec<String>,
    account: Account,
    audiences: Vec<String>,
}

impl Kubernetes {
    pub(super) fn login(&self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let candidate = self.candidate(call, around)?;
        let config = candidate.config;
        let body = json!({
            "kind": "TokenReview",
            "apiVersion": "authentication.k8s.io/v1",
            "spec": { "token": candidate.jwt, "audiences": candidate.audiences },
        });
        Ok(Step::Ask(Box::new(Question {
            client: config.client.clone(),
            url: format!(
                "{}/apis/authentication.k8s.io/v1/tokenreviews",
                config.host.trim_end_matches('/')
            ),
            bearer: Some(
                config
                    .reviewer()
                    .unwrap_or_else(|| candidate.jwt.clone().into()),
            ),
            body: Some(body),
            follow: None,
        })))
    }

    pub(super) fn end_login(
        &self,
        call: &Call,
        around: &Surroundings,
        review: Result<Value, ReviewFailure>,
    ) -> Result<Answer, Refusal> {
        let candidate = self.candidate(call, around)?;
        // Whatever the cluster had against it is written to the log of a real server, and not told.
        let review = review.map_err(|_| Refusal::denied())?;
        if !candidate.account.is_in(&review, &candidate.audiences) {
            return Err(Refusal::denied());
        }
        Ok(candidate.accepted())
    }

    fn candidate(&self, call: &Call, around: &Surroundings) -> Result<Candidate<'_>, Refusal> {
        let schema = vec![("jwt", Kind::Text), ("role", Kind::Text)];
        let form = Form::validated(call, &schema, around.flavour)?;
        let given = |name: &str| {
            let text = form.text(name).filter(|text| !text.is_empty());
            text.ok_or_else(|| Refusal::invalid(format!("missing {name}")))
        };
        let (role_name, jwt) = (given("role")?, given("jwt")?);
        let role = self.roles.get(&role_name);
        let role =
            role.ok_or_else(|| Refusal::invalid(format!("invalid role name {role_name:?}")))?;
        if !role.tokens.admits_loopback() {
            return Err(Refusal::denied());
        }
        let config = self.config.as_ref();
        let config =
            config.ok_or_else(|| Refusal::new(500, "could not load backend configuration"))?;
        let account = account(&jwt, config, role, around)?;
        let audiences = match role.audience.as_str() {
            "" => account.1,
            one => vec![one.to_owned()],
        };
        Ok(Candidate {
            config,
            role,
            role_name,
            jwt,
            warnings: form.warnings(),
            account: account.0,
            audiences,
        })
    }
}

/// The account of a token that the role admits, and the token's audiences.
fn account(
    jwt: &str,
    config: &Config,
    role: &Role,
    around: &Surroundings,
) -> Result<(Account, Vec<String>), Refusal> {
    let denied = |why: &str| Refusal::new(403, why);
    let token = Token::parse(jwt).ok_or_else(Refusal::denied)?;
    check_algorithm(&token, around.flavour)?;
    let mut keys = config.public_keys.iter();
    if !config.public_keys.is_empty() && !keys.any(|key| token.is_signed_by(key)) {
        return Err(Refusal::denied());
    }
    let wanted: Vec<String> = match role.audience.as_str() {
        "" => Vec::new(),
        one => vec![one.to_owned()],
    };
    let expected = Expected {
        issuer: if config.disable_iss_validation {
            ""
        } else {
            &config.issuer
        },
        audiences: &wanted,
        algorithms: &ALGORITHMS,
        timeless: true,
        ..Expected::default()
    };
    claims::check(&token, &expected, around.now).map_err(|why| denied(&why))?;
    let account = Account::of(&token.claims);
    if role.names != ["*"] && !claims::any_glob(&role.names, &account.name) {
        return Err(denied("service account name not authorized"));
    }
    let namespaces = role.namespaces.as_deref().unwrap_or_default();
    let any = namespaces.first().is_some_and(|first| first == "*");
    if !any && !claims::any_glob(namespaces, &account.namespace) {
        return Err(denied(&not_in_namespace(config, role)));
    }
    if account.uid.is_empty() {
        return Err(Refusal::new(500, "could not parse UID from claims"));
    }
    Ok((account, claims::audiences(&token.claims)))
}

/// The newer server does not even read a token that is signed in a way that it does not take.
fn check_algorithm(token: &Token, flavour: Flavour) -> Result<(), Refusal> {
    let name = token.algorithm().unwrap_or_default();
    let asymmetric = claims::ALGORITHMS.contains(&name);
    match flavour {
        Flavour::OpenBao if !asymmetric => Err(Refusal::denied()),
        Flavour::HashiCorp if !token.is_signed() => Err(Refusal::new(
            403,
            "invalid algorithm (alg) header parameter: token must be signed",
        )),
        _ => Ok(()),
    }
}

fn not_in_namespace(config: &Config, role: &Role) -> String {
    let not = "namespace not authorized";
    if !role.selector.is_empty() && config.reviewer().is_none() {
        return format!(
            "{not} err=namespace lookup failed: TokenReviewer JWT needs to be configured to use namespace selectors"
        );
    }
    not.to_owned()
}

impl Candidate<'_> {
    fn accepted(self) -> Answer {
        let Account {
            name,
            namespace,
            uid,
            secret,
        } = self.account;
        let alias_name = if self.role.is_aliased_by_name() {
            format!("{namespace}/{name}")
        } else {
            uid.clone()
        };
        let mut login = self.role.tokens.login();
        login.display_name = format!("{namespace}-{name}");
        login.alias_name = alias_name;
        login.warnings = self.warnings;
        login.metadata = BTreeMap::from([
            ("role".to_owned(), self.role_name),
            ("service_account_name".to_owned(), name),
            ("service_account_namespace".to_owned(), namespace),
            ("service_account_secret_name".to_owned(), secret),
            ("service_account_uid".to_owned(), uid),
        ]);
        Answer::Login(Box::new(login))
    }
}
