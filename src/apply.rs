//! Doing what was decided: no decisions here.

pub mod writer;

pub use writer::{
    MountTable, ObjectMarks, PolicyPrecondition, SecretWrite, WriteCluster, WriteVault,
};
