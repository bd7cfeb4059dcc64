//! Who may reference what, held against a second opinion: rules and references are generated, and a matcher of the tests' own
//! says what must come out. What is said of wrong rules, `tests/cases/rule_*` hold.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

#[path = "rules/difference.rs"]
mod difference;
#[path = "rules/model.rs"]
mod model;
#[path = "rules/verdicts.rs"]
mod verdicts;
