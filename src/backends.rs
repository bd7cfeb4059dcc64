//! The real servers behind the traits of `observe` and `apply`. Nothing here decides anything.

pub mod kubernetes;
