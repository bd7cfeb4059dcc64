//! The policy language, against what Vault and `OpenBao` do with it. One file for each question.

mod access;
mod changes;
mod language;
mod meaning;
mod properties;

use super::{Access, Capability, CapabilitySet, ParseErrors, PathPattern, Policy};

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

fn errors(text: &str) -> ParseErrors {
    Policy::parse(text).expect_err(text)
}

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).expect(text)
}

fn granted(capabilities: &[Capability]) -> Access {
    Access::Granted(capabilities.iter().copied().collect::<CapabilitySet>())
}
