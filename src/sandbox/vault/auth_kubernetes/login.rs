//! A login: what can be said of a token by itself, then the cluster's word on it.

use super::super::Flavour;
use super::super::backend::{Question, Review, Step, Surroundings};
use super::super::call::{Answer, Call, Refusal};
use super::super::claims::{self, Expected};
use super::super::form::{Form, Kind};
use super::Kubernetes;
use super::account::Account;
use super::config::Config;
use super::role::Role;
use super::selector::{self, Choice};
use crate::sandbox::jwt::Token;
use serde_json::json;
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
    /// Whether its namespace was chosen by its labels.
    by_labels: bool,
}

enum Progress<'k> {
    Ready(Box<Candidate<'k>>),
    Ask(Box<Question>),
}

impl Kubernetes {
    /// The namespace is asked for first, where its labels count, and the token is reviewed last.
    pub(super) fn login(
        &self,
        call: &Call,
        around: &Surroundings,
        reviews: &[Review],
    ) -> Result<Step, Refusal> {
        let candidate = match self.candidate(call, around, reviews.first())? {
            Progress::Ready(candidate) => candidate,
            Progress::Ask(question) => return Ok(Step::Ask(question)),
        };
        let asked = usize::from(candidate.by_labels);
        match reviews.get(asked) {
            None => Ok(Step::Ask(Box::new(candidate.question()))),
            Some(Ok(review)) if candidate.account.is_in(review, &candidate.audiences) => {
                Ok(candidate.accepted().into())
            }
            // Whatever the cluster had against it is written to the log of a real server, and not told.
            Some(_) => Err(Refusal::denied()),
        }
    }

    fn candidate(
        &self,
        call: &Call,
        around: &Surroundings,
        namespace: Option<&Review>,
    ) -> Result<Progress<'_>, Refusal> {
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
        let (account, audiences) = account(&jwt, config, role, around)?;
        let by_labels = !role.names_namespace(&account.namespace);
        if by_labels {
            match selector::choose(config, role, &account.namespace, namespace) {
                Choice::Yes => {}
                Choice::No(why) => return Err(Refusal::new(403, why)),
                Choice::Ask(question) => return Ok(Progress::Ask(question)),
            }
        }
        if account.uid.is_empty() {
            return Err(Refusal::new(500, "could not parse UID from claims"));
        }
        let audiences = match role.audience.as_str() {
            "" => audiences,
            one => vec![one.to_owned()],
        };
        Ok(Progress::Ready(Box::new(Candidate {
            config,
            role,
            role_name,
            jwt,
            warnings: form.warnings(),
            account,
            audiences,
            by_labels,
        })))
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

impl Candidate<'_> {
    fn question(&self) -> Question {
        let config = self.config;
        let host = config.host.trim_end_matches('/');
        let reviewer = config.reviewer();
        Question {
            client: config.client.clone(),
            url: format!("{host}/apis/authentication.k8s.io/v1/tokenreviews"),
            bearer: Some(reviewer.unwrap_or_else(|| self.jwt.clone().into())),
            body: Some(json!({
                "kind": "TokenReview",
                "apiVersion": "authentication.k8s.io/v1",
                "spec": { "token": self.jwt, "audiences": self.audiences },
            })),
            follow: None,
        }
    }

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
