//! What each forge answers: the shapes of its public API, and of them only what is needed.

use super::Kind;
use super::address::link;
use super::call::Call;
use super::client::Answer;
use crate::observe::Failure;
use serde::Deserialize;

/// A comment on a pull request.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: u64,
    pub(super) body: String,
    pub(super) url: Option<String>,
    author: Option<Author>,
}

/// GitHub and Gitea call the author of a comment its user.
#[derive(Debug, Deserialize)]
struct Listed {
    id: u64,
    body: Option<String>,
    html_url: Option<String>,
    #[serde(alias = "user")]
    author: Option<Author>,
    /// What GitLab itself noted.
    #[serde(default)]
    system: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Author {
    /// That of Gitea Actions is negative.
    id: Option<i64>,
    login: Option<String>,
}

/// Whose the token is.
#[derive(Debug)]
pub(super) enum Me {
    /// By number, which no renaming changes.
    Id(i64),
    /// On GitHub, where an app is told its login and nothing else. It ends with `[bot]`, as no login of a person does.
    Login(String),
}

impl Me {
    /// A deleted author is nobody.
    pub(super) fn wrote(&self, found: &Found) -> bool {
        let Some(author) = &found.author else {
            return false;
        };
        match self {
            Self::Id(id) => author.id == Some(*id),
            Self::Login(login) => author.login.as_ref() == Some(login),
        }
    }
}

/// The comments on one page, in the order of the forge.
pub(super) fn comments(kind: Kind, call: &Call, answer: &Answer) -> Result<Vec<Found>, Failure> {
    let listed: Vec<Listed> = answer.read(call)?;
    let people = listed.into_iter().filter(|listed| !listed.system);
    let mut found: Vec<Found> = people
        .map(|listed| Found {
            id: listed.id,
            body: listed.body.unwrap_or_default(),
            url: listed.html_url.as_deref().and_then(link),
            author: listed.author,
        })
        .collect();
    if kind == Kind::Gitea {
        // By the time of their making; Gitea says nothing of order.
        found.sort_by_key(|found| found.id);
    }
    Ok(found)
}

pub(super) fn me(kind: Kind, call: &Call, answer: &Answer) -> Result<Me, Failure> {
    #[derive(Deserialize)]
    struct Viewer {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        viewer: Login,
    }
    #[derive(Deserialize)]
    struct Login {
        login: String,
    }
    #[derive(Deserialize)]
    struct User {
        id: i64,
    }
    Ok(match kind {
        Kind::GitHub => Me::Login(answer.read::<Viewer>(call)?.data.viewer.login),
        Kind::GitLab | Kind::Gitea => Me::Id(answer.read::<User>(call)?.id),
    })
}

impl Answer {
    /// Where a person reads the comment that was written; GitLab does not say.
    pub(super) fn url(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Written {
            html_url: Option<String>,
        }
        let written: Written = serde_json::from_slice(&self.body).ok()?;
        link(&written.html_url?)
    }
}
