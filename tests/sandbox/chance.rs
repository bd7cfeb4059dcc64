//! What a kube-apiserver leaves to chance in an answer.

use super::ask::Ask;

impl Ask {
    #[must_use]
    pub(crate) fn in_any_order(mut self, pointer: &str) -> Self {
        self.unordered.push(pointer.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn by_chance(mut self, pointer: &str) -> Self {
        self.chance.push(pointer.to_owned());
        self
    }
}
