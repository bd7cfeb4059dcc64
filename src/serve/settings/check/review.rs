//! Whether a review would be made, and where it would go.

use super::Settings;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::git::Source;

impl Settings {
    pub(super) fn check_review(&self, problems: &mut Diagnostics) {
        let Some(review) = &self.review else { return };
        let at = |setting: &str| self.places.of(setting);
        if let Source::Directory(_) = self.repository.source {
            let wrong = "a folder that is read as it stands has no pull requests";
            let hint = "follow the repository by its address, or take `review` out";
            return problems.push(Diagnostic::error(&at("review"), wrong).hint(hint));
        }
        if !review.comment && !review.status {
            let wrong = "with neither a comment nor a status, nobody would see a review";
            let hint = "leave out one of `comment: false` and `status: false`";
            problems.push(Diagnostic::error(&at("review"), wrong).hint(hint));
        }
        if let Err(nowhere) = self.place_of(review) {
            let wrong = Diagnostic::error(&at(nowhere.setting), nowhere.wrong).hint(nowhere.hint);
            // An address may hold a password.
            problems.push(wrong.without_line());
        }
        let forge = self.review_forge(review);
        let says = |forge| self.webhooks.from.iter().any(|hook| hook.forge == forge);
        if let Some(forge) = forge.filter(|forge| !says(*forge)) {
            let wrong = "nobody says when there is a pull request, so none would be reviewed";
            let word = forge.word();
            let hint = format!("write `webhooks: {{from: [{{forge: {word}, secret: …}}]}}`");
            problems.push(Diagnostic::warning(&at("review"), wrong).hint(hint));
        }
    }
}
