//! What a run says: as text for people, and as versioned JSON. Pure.

pub mod drift;
pub mod explain;
mod format;
mod json;
mod junit;
mod machine;
mod markdown;
mod markup;
mod notes;
mod outcome;
mod phrase;
pub mod review;
mod rows;
mod sarif;
mod status;
mod style;
mod text;

pub use format::Format;
pub use json::{
    APPLY_SCHEMA, PLAN_SCHEMA, STATUS_SCHEMA, applied as applied_json, plan as plan_json,
    plan_file, status as status_json,
};
pub(crate) use markup::Inert;
pub use notes::why_not;
pub use outcome::{applied, outcome_line};
pub use status::{
    ClusterStatus, SecretState, SecretStatus, Status, VaultStatus, secrets as secret_states,
    text as status_text,
};
pub(crate) use style::{Ink, count, wrapped};
pub use style::{Style, clean};
pub use text::{plan as plan_text, plan_again};
