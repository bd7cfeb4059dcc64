//! The life of keyfleet's own token of one Vault, over months.
//!
//! Promises: one task asks for tokens, so that many refused requests lead to one login; after a failure it waits, longer each
//! time and at random (full jitter); a Vault that is sealed or out of reach is waited out, and a token that may still
//! be good is not thrown away for that. What cannot be renewed any more is said early. A token of a login is given back at
//! the end. No token is in a log line, a state or an error.
//! Deliberately absent: reading the settings, and any request but those about the token itself.

mod backoff;
mod keeper;
mod keeping;
mod lifetime;
mod state;

pub(super) use keeper::TokenKeeper;
pub use state::{Phase, TokenState};
