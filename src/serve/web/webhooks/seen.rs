//! Deliveries that were seen before: sent again by the forge, by a person, or by somebody who recorded one.

use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// Then the oldest is forgotten: replaying it costs one fetch that is coalesced with others.
const MOST: usize = 4096;
/// The first one, and once more: a person presses "redeliver" when something went wrong.
const LOOKS: u8 = 2;

/// What is the same for two copies of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DeliveryId([u8; 32]);

impl DeliveryId {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

#[derive(Default)]
pub(super) struct Seen(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    times: HashMap<DeliveryId, u8>,
    /// The oldest first.
    order: VecDeque<(Timestamp, DeliveryId)>,
}

impl Seen {
    /// Whether to look for it; a delivery without an id is always worth it.
    pub(super) fn is_worth_a_look(&self, id: Option<DeliveryId>, now: Timestamp) -> bool {
        let Some(id) = id else { return true };
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget(now);
        let times = memory.times.entry(id.clone()).or_insert(0);
        *times = times.saturating_add(1);
        let times = *times;
        if times == 1 {
            memory.order.push_back((now, id));
        }
        times <= LOOKS
    }
}

impl Memory {
    fn forget(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.order.front() {
            let is_old = now.duration_since(*at) >= REMEMBERED;
            if !is_old && self.order.len() < MOST {
                break;
            }
            if let Some((_, id)) = self.order.pop_front() {
                self.times.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveryId, MOST, REMEMBERED, Seen};
    use jiff::Timestamp;

    fn id(number: usize) -> DeliveryId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        DeliveryId::new(bytes)
    }

    #[test]
    fn a_copy_is_worth_one_more_look_within_a_day() {
        let seen = Seen::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let looks: Vec<bool> = (0..4)
            .map(|_| seen.is_worth_a_look(Some(id(1)), now))
            .collect();
        assert_eq!(looks, [true, true, false, false]);
        assert!(seen.is_worth_a_look(Some(id(2)), now));
        assert!(seen.is_worth_a_look(Some(id(1)), now + REMEMBERED));
        assert!((0..4).all(|_| seen.is_worth_a_look(None, now)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let seen = Seen::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for number in 0..3 * MOST {
            assert!(seen.is_worth_a_look(Some(id(number)), now));
        }
        let memory = seen.0.lock().unwrap();
        assert!(memory.times.len() <= MOST && memory.order.len() <= MOST);
    }
}
