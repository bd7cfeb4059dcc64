//! `TokenReview`: whose token this is.

use super::super::authn::ISSUER;
use super::super::status::Status;
use super::{Question, text, texts, user_info};
use serde_json::{Value, json};

pub(super) fn answer(asked: &Question<'_>, mut object: Value) -> Result<Value, Status> {
    let token = text(&object["spec"], "token");
    if token.is_empty() {
        return Err(Status::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let mut audiences = texts(&object["spec"]["audiences"]);
    if audiences.is_empty() {
        audiences.push(ISSUER.to_owned());
    }
    let reviewed = asked
        .credentials
        .review(token, &audiences, asked.store, asked.now);
    object["status"] = match reviewed {
        Ok(identity) => json!({
            "authenticated": true,
            "user": user_info(&identity.user),
            "audiences": identity.audiences,
        }),
        Err(why) => json!({ "user": {}, "error": why }),
    };
    Ok(object)
}
