//! What the servers hold now. Reads only: nothing here can write.

pub mod cell;
mod failure;
pub mod freshness;
mod gather;
mod listing;
pub mod live;
pub mod outline;
pub mod reader;
pub mod secrets;
pub mod seen;
pub mod values;
pub mod vault;

pub use failure::{Failure, FailureClass};
pub use listing::{Listing, list_mount};
pub use live::{Fields, KvValue, KvVersion, Observed};
pub use reader::{KvEngine, KvReference, ReadAsCluster, ReadCluster, ReadVault, Session};
