//! The sandbox's Vault is held to a real one, request by request.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

#[path = "sandbox/ask.rs"]
mod ask;
#[path = "sandbox/auth_jwt.rs"]
mod auth_jwt;
#[path = "sandbox/auth_kubernetes.rs"]
mod auth_kubernetes;
#[path = "sandbox/batch_tokens.rs"]
mod batch_tokens;
#[path = "sandbox/command_line.rs"]
mod command_line;
#[path = "sandbox/counts.rs"]
mod counts;
#[path = "sandbox/differences.rs"]
mod differences;
#[path = "sandbox/generated.rs"]
mod generated;
#[path = "sandbox/granted.rs"]
mod granted;
#[path = "sandbox/jwt_signatures.rs"]
mod jwt_signatures;
#[path = "sandbox/kv1.rs"]
mod kv1;
#[path = "sandbox/kv2.rs"]
mod kv2;
#[path = "sandbox/kv2_metadata.rs"]
mod kv2_metadata;
#[path = "sandbox/kv_sequences.rs"]
mod kv_sequences;
#[path = "sandbox/logins.rs"]
mod logins;
#[path = "sandbox/masks.rs"]
mod masks;
#[path = "sandbox/mount_fields.rs"]
mod mount_fields;
#[path = "sandbox/mounts.rs"]
mod mounts;
#[path = "sandbox/namespaces.rs"]
mod namespaces;
#[path = "sandbox/pair.rs"]
mod pair;
#[path = "sandbox/plain_http.rs"]
mod plain_http;
#[path = "sandbox/policies.rs"]
mod policies;
#[path = "sandbox/story.rs"]
mod story;
pub(crate) mod support;
#[path = "sandbox/system.rs"]
mod system;
#[path = "sandbox/token_role_policies.rs"]
mod token_role_policies;
#[path = "sandbox/token_role_sequences.rs"]
mod token_role_sequences;
#[path = "sandbox/token_roles.rs"]
mod token_roles;
#[path = "sandbox/tokens.rs"]
mod tokens;
#[path = "sandbox/wrapping.rs"]
mod wrapping;

use keyfleet::sandbox;
use pair::{Pair, Side};

/// Both Vaults, fresh: as one test has them, no other does.
async fn vaults() -> (Pair, sandbox::vault::Vault, support::Vault) {
    support::init();
    let real = support::Vault::start().await;
    let (flavour, server) = match real.flavour().await {
        support::Flavour::OpenBao => (sandbox::vault::Flavour::OpenBao, "OpenBao"),
        support::Flavour::HashiCorp => (sandbox::vault::Flavour::HashiCorp, "HashiCorp"),
    };
    let options = sandbox::vault::Options {
        flavour,
        ..sandbox::vault::Options::default()
    };
    let sandbox = sandbox::vault::Vault::start(options).await.unwrap();
    let pair = Pair::new(
        Side::new("the sandbox", sandbox.addr(), sandbox.root_token(), None),
        Side::new("the real Vault", real.addr(), real.token(), None),
        server,
    );
    (pair, sandbox, real)
}
