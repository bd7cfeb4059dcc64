//! What the servers hold now. Reads only: nothing here can write.

mod failure;
pub mod live;
pub mod reader;

pub use failure::{Failure, FailureClass};
pub use live::{Fields, KvValue, KvVersion, Observed};
pub use reader::{KvEngine, KvReference, ReadAsCluster, ReadCluster, ReadVault, Session};
