//! Values and tokens: held, compared and wiped, never shown.
//!
//! Deliberately absent: `Display`, `Serialize`, `Clone`, `PartialEq`, and any digest. A type that cannot be printed
//! needs no filter in front of every log line.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes that must not be seen: a value of a secret, a token, a service account's JWT.
#[derive(Zeroize, ZeroizeOnDrop, Default)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one place that sends them on. Every caller is a place to look at in a review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, for a header or a JSON body; `None` when the bytes are not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether both hold the same bytes, in a time that depends on their length only.
    pub fn same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A second copy, named so that it is seen: two bodies to wipe instead of one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl From<String> for SecretBytes {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::SecretBytes;

    #[test]
    fn a_value_does_not_show_in_its_debug_form() {
        let value = SecretBytes::from(String::from("canary-4711"));
        assert_eq!(format!("{value:?}"), "[redacted]");
    }

    #[test]
    fn equal_bytes_are_the_same_and_others_are_not() {
        let value = SecretBytes::new(vec![1, 2, 3]);
        assert!(value.same(&SecretBytes::new(vec![1, 2, 3])));
        assert!(!value.same(&SecretBytes::new(vec![1, 2, 4])));
        assert!(!value.same(&SecretBytes::new(vec![1, 2])));
    }
}
