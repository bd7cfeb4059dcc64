//! Where reviews of pull requests go.

use super::{Forge, SecretSource, Settings};
use crate::forge::{Kind, Place};
use crate::git::Source;

/// How pull requests are reviewed. What is not said of the forge follows from the repository that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub kind: Option<Forge>,
    pub api: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// That comments and sets the status.
    pub token: SecretSource,
    pub comment: bool,
    pub status: bool,
    /// Whether pull requests from other repositories are reviewed, too.
    pub forks: bool,
}

/// Why it is not known where reviews go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nowhere {
    /// Where it should be said.
    pub(super) setting: &'static str,
    pub(super) wrong: String,
    pub(super) hint: &'static str,
}

/// Hosts whose API is known, and is nowhere else.
const KNOWN: [(&str, Forge, &str); 3] = [
    ("github.com", Forge::Github, "https://api.github.com"),
    ("gitlab.com", Forge::Gitlab, "https://gitlab.com/api/v4"),
    ("codeberg.org", Forge::Gitea, "https://codeberg.org/api/v1"),
];

impl Forge {
    fn kind(self) -> Kind {
        match self {
            Self::Github => Kind::GitHub,
            Self::Gitlab => Kind::GitLab,
            Self::Gitea => Kind::Gitea,
        }
    }
}

impl Settings {
    /// The forge where pull requests are reviewed; `None` where none are. Settings that were checked have one.
    pub fn review_place(&self) -> Option<Place> {
        let review = self.review.as_ref()?;
        self.place_of(review).ok()
    }

    /// Whose webhooks say that there is a pull request.
    pub(super) fn review_forge(&self, review: &Review) -> Option<Forge> {
        review.kind.or(self.known().map(|known| known.0))
    }

    pub(super) fn place_of(&self, review: &Review) -> Result<Place, Nowhere> {
        let known = self.known();
        let api = review.api.clone();
        let repository = review.repository.clone();
        let place = Place {
            kind: self
                .review_forge(review)
                .ok_or_else(|| {
                    let hint = "write `kind: github`, `gitlab`, `gitea` or `forgejo`";
                    not_said("review.forge.kind", "which forge it is", hint)
                })?
                .kind(),
            api: api.or(known.map(|known| known.1.to_owned())).ok_or_else(|| {
                let hint = "write `api: https://…`; docs/review-in-ci.md has what each forge's looks like";
                not_said("review.forge.api", "where the API of the forge is", hint)
            })?,
            repository: repository.or(known.map(|known| known.2.to_owned())).ok_or_else(|| {
                let hint = "write `repository: owner/name`";
                not_said("review.forge.repository", "what the forge calls the repository", hint)
            })?,
        };
        place.check().map_err(|failure| Nowhere {
            setting: "review.forge",
            wrong: failure.why,
            hint: "write it as the page of the repository has it, and the API as https://host/path",
        })?;
        Ok(place)
    }

    /// The forge, the address of its API and the name of the repository, where the repository's own address tells.
    fn known(&self) -> Option<(Forge, &'static str, &str)> {
        let Source::Remote(url) = &self.repository.source else {
            return None;
        };
        let (_, forge, api) = KNOWN.iter().find(|(host, ..)| *host == url.host())?;
        let path = url.path().trim_matches('/');
        Some((*forge, api, path.strip_suffix(".git").unwrap_or(path)))
    }
}

fn not_said(setting: &'static str, what: &str, hint: &'static str) -> Nowhere {
    Nowhere {
        setting,
        wrong: format!("the address of the repository does not tell {what}"),
        hint,
    }
}
