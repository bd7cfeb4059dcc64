//! What every task of the service has.

use super::board::{Board, Followed, Permission};
use super::settings::Settings;
use crate::backends::Conduct;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One for the process, from one reading of its settings to the next.
pub(super) struct Service {
    pub settings: Settings,
    pub board: Arc<Board>,
    pub conduct: Arc<Conduct>,
    /// Every task that has something to finish.
    pub tasks: TaskTracker,
    /// Cancelled when the process, or this reading of its settings, is to end.
    pub stop: CancellationToken,
}

impl Service {
    /// Whether a scope may be written, by what the operator and the repository say.
    pub(super) fn permission(&self, _followed: &Followed) -> Permission {
        if self.settings.reconcile.apply {
            Permission::Apply
        } else {
            Permission::ReportOnly {
                why: "the settings say `mode: report`".to_owned(),
            }
        }
    }
}

/// Names a pass in logs and pages.
pub(super) fn run_id() -> String {
    format!("{:08x}", random() >> 32)
}

/// A duration and up to a tenth more or less: what begins together does not stay together.
pub(super) fn about(duration: Duration) -> Duration {
    duration.mul_f64(0.9 + random_share() / 5.0)
}

/// A number from 0 to 1.
pub(super) fn random_share() -> f64 {
    f64::from(u32::try_from(random() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

/// The standard library seeds its hashers at random, which is random enough to spread waits and to tell runs apart.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
