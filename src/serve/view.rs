//! The board in the words of its readers: how each scope is, what needs a person, what is found and how it is released.
//!
//! Promises: pure, time is handed in; it borrows from the board and copies no entry, so that a page of a large fleet costs
//! little more than the rows that it shows. Absent on purpose: HTML and JSON, which `web` makes of it.

mod attention;
mod finding;
mod fleet;
mod release;
mod rotation;
mod secret;
mod select;
mod state;

pub use attention::{About, Attention, attention};
pub use finding::{
    Found, Tally, Topic, Wish, cause_word, findings, in_rows, narrowed, of as findings_of,
};
pub use fleet::{ClusterRow, Order, cluster, clusters, every_cluster};
pub use release::{Approval, Release, releases};
pub use rotation::{Lag, rotation};
pub use secret::{SecretRow, secret, secrets};
pub use select::{Paged, Words, paged};
pub use state::{State, Tone, of_secret, of_vault};

use super::board::{Board, Known};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Who reads the board, and what it takes for long.
#[derive(Clone)]
pub struct Reader {
    pub board: Arc<Board>,
    /// A scope that was not looked at for longer is overdue: a few periods, as the settings say now.
    pub overdue: watch::Receiver<Duration>,
    /// What time it is; a test gives its own.
    pub clock: fn() -> Timestamp,
}

impl Reader {
    /// Looks now.
    pub fn look(&self) -> Look {
        Look {
            known: self.board.read(),
            now: (self.clock)(),
            overdue: *self.overdue.borrow(),
        }
    }
}

/// The board at one moment, and what its reader takes for long.
pub struct Look {
    pub known: Known,
    pub now: Timestamp,
    /// What was not looked at for longer is overdue.
    pub overdue: Duration,
}

impl Look {
    /// Whether something that was last looked at then is overdue.
    pub(crate) fn is_overdue(&self, looked: Timestamp) -> bool {
        let age = self.now.duration_since(looked);
        Duration::try_from(age).is_ok_and(|age| age > self.overdue)
    }
}
