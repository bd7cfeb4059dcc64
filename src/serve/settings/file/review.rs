//! How pull requests are reviewed.

use super::field;
use crate::diagnostics::Diagnostics;
use crate::serve::settings::{Forge, Review};
use crate::yaml::{Fields, Node};

/// What a field `forge` may say.
pub(super) const FORGES: [(&str, Forge); 4] = [
    ("github", Forge::Github),
    ("gitlab", Forge::Gitlab),
    ("gitea", Forge::Gitea),
    ("forgejo", Forge::Gitea),
];

pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Review> {
    let mut fields = Fields::of(node, "review", problems)?;
    let token = fields.required("token", problems);
    let token = token.and_then(|node| field::secret(node, "token", problems));
    let forge = fields.optional("forge");
    let mut flag = |key| fields.boolean(key, problems).unwrap_or(true);
    let (comment, status, forks) = (flag("comment"), flag("status"), flag("forks"));
    fields.finish(problems);
    let (mut kind, mut api, mut repository) = (None, None, None);
    if let Some(mut fields) = forge.and_then(|node| Fields::of(node, "forge", problems)) {
        let word = fields.optional("kind");
        kind = word.and_then(|node| field::one_of(node, "kind", &FORGES, problems));
        api = fields.text("api", problems).map(str::to_owned);
        repository = fields.text("repository", problems).map(str::to_owned);
        fields.finish(problems);
    }
    Some(Review {
        kind,
        api,
        repository,
        token: token?,
        comment,
        status,
        forks,
    })
}
