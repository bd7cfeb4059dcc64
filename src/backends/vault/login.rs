//! Why a login was refused, in our words: what the server says may echo the token that was sent.

use super::answer::Answer;
use super::request::Request;
use crate::observe::{Failure, FailureClass};

struct Known {
    /// What the server says, in lower case.
    says: &'static str,
    why: &'static str,
    hint: &'static str,
}

const KNOWN: [Known; 22] = [
    known(
        "service account unauthorized",
        "the cluster does not know the service account that the token names",
        "it may have been deleted or made anew: check that it exists, and that Vault asks the right cluster",
    ),
    known(
        "service account name not authorized",
        "the role does not accept this service account",
        "compare the role's bound_service_account_names with the service account of the declaration",
    ),
    known(
        "namespace not authorized",
        "the role does not accept the namespace of this service account",
        "compare the role's bound_service_account_namespaces with the namespace of the declaration",
    ),
    known(
        "invalid role name",
        "the mount has no such role",
        "apply the plan of this cluster first: it makes the role",
    ),
    known(
        "secret id",
        "the role id or the secret id is not accepted",
        "give a secret id that was made for this role and has not ended",
    ),
    known(
        "could not be found",
        "the mount has no such role",
        "apply the plan of this cluster first: it makes the role",
    ),
    known(
        "could not load backend configuration",
        "the mount has no config",
        "apply the plan of this cluster first: it writes the config",
    ),
    known(
        "no handler for route",
        "there is no such auth mount",
        "apply the plan of this cluster first: it makes the mount",
    ),
    known(
        "claim \"iss\" is invalid",
        "the token is of another issuer than the config expects",
        "set the issuer of the config to the API server's, or disable the check of the issuer",
    ),
    known(
        "invalid issuer",
        "the token is of another issuer than the config expects",
        "set the issuer of the config to the API server's, or disable the check of the issuer",
    ),
    known(
        "invalid audience",
        "the token is for another audience than the role expects",
        "compare the role's audience with the audience that the token is made for",
    ),
    known(
        "claim \"aud\" is invalid",
        "the token is for another audience than the role expects",
        "compare the role's audience with the audience that the token is made for",
    ),
    known(
        "token signature",
        "the token is not signed with a key that the mount trusts",
        "compare the keys of the config with the cluster's own",
    ),
    known(
        "not yet valid",
        "the token is not valid yet",
        "compare the clocks",
    ),
    known("is expired", "the token has expired", "compare the clocks"),
    known("has expired", "the token has expired", "compare the clocks"),
    known(
        "x509:",
        "Vault does not trust the certificate of the cluster's API server",
        "compare kubernetes_ca_cert of the config with the API server's authority",
    ),
    known(
        "no such host",
        "Vault cannot resolve the name of the cluster's API server",
        "check kubernetes_host of the config, from where Vault runs",
    ),
    known(
        "connection refused",
        "Vault cannot reach the cluster's API server",
        "check kubernetes_host of the config, from where Vault runs",
    ),
    known(
        "timeout",
        "Vault cannot reach the cluster's API server in time",
        "check kubernetes_host of the config, from where Vault runs",
    ),
    known(
        "deadline exceeded",
        "Vault cannot reach the cluster's API server in time",
        "check kubernetes_host of the config, from where Vault runs",
    ),
    known(
        "permission denied",
        "Vault or the cluster's API server did not accept the service account's token",
        "check that the mount is there and kubernetes_host is this cluster, that the reviewer may create TokenReviews \
         (system:auth-delegator), and that the role is bound to this service account",
    ),
];

const fn known(says: &'static str, why: &'static str, hint: &'static str) -> Known {
    Known { says, why, hint }
}

/// The failure of a login that was refused.
pub(super) fn refused(request: &Request<'_>, answer: &Answer, class: FailureClass) -> Failure {
    let unknown = known(
        "",
        "refused for a reason that is not repeated here, since it may hold the token",
        "Vault's log and its audit device tell more",
    );
    let known = find(answer).unwrap_or(&unknown);
    request
        .failure(class, known.why)
        .status(answer.status)
        .hint(known.hint)
}

fn find(answer: &Answer) -> Option<&'static Known> {
    KNOWN.iter().find(|known| answer.says(known.says))
}
