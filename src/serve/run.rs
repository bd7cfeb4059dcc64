//! The service from its start to its end.

use super::board::{Board, Followed, Standing};
use super::fleet::Fleet;
use super::follow::Follower;
use super::service::Service;
use super::settings::Settings;
use crate::backends::Conduct;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to finish what they have in hand.
const LAST_WORK: Duration = Duration::from_secs(9);

/// Runs until it is told to stop.
pub async fn run(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let board = Arc::new(Board::default());
    let service = Arc::new(Service {
        conduct: Arc::new(Conduct::at_once(settings.reconcile.requests.all)),
        settings,
        board,
        tasks: TaskTracker::new(),
        stop,
    });
    let now = Arc::new(Notify::new());
    let (newest, mut revisions) = mpsc::channel::<Arc<Followed>>(1);
    let follower = Follower::new(Arc::clone(&service), now, newest);
    service.tasks.spawn(follower.run());
    service.board.write(|known| {
        known.standing = Standing::Active {
            since: Timestamp::now(),
        };
    });
    let mut fleet = Fleet::new(Arc::clone(&service));
    loop {
        tokio::select! {
            biased;
            () = service.stop.cancelled() => break,
            followed = revisions.recv() => match followed {
                Some(followed) => fleet.follow(followed),
                None => break,
            },
        }
    }
    service
        .board
        .write(|known| known.standing = Standing::Stopping);
    service.tasks.close();
    if tokio::time::timeout(LAST_WORK, service.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some tasks did not end in time; the next start goes on from what is there");
    }
    Ok(())
}
