//! Memory for requests and answers, which hold secrets.

use std::io;
use zeroize::Zeroize;

const SMALL: usize = 2 << 10;
const LARGE: usize = 64 << 20;

/// Bytes of a request or an answer, wiped when dropped and whenever they move to a larger place.
#[derive(Default)]
pub(in crate::backends) struct WipedBuffer(Vec<u8>);

impl WipedBuffer {
    pub(in crate::backends) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// For an answer of which the server said how long it is, if it did. Room that is not used is wiped all the same, and
    /// what a server says is not believed without end.
    pub(in crate::backends) fn for_answer(length: Option<u64>) -> Self {
        let length = length.and_then(|length| usize::try_from(length).ok());
        Self::with_capacity(length.unwrap_or(0).clamp(SMALL, LARGE))
    }

    pub(in crate::backends) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            // `Vec` would grow by itself, and leave the old bytes behind in freed memory.
            let mut larger = Vec::with_capacity(needed.max(self.0.capacity() * 2));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    pub(in crate::backends) fn len(&self) -> usize {
        self.0.len()
    }
}

impl AsRef<[u8]> for WipedBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for WipedBuffer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::WipedBuffer;

    #[test]
    fn what_is_pushed_stays_in_order_while_the_buffer_grows() {
        let mut buffer = WipedBuffer::with_capacity(2);
        for part in ["a", "bc", "defghij", "k"] {
            buffer.push(part.as_bytes());
        }
        assert_eq!(buffer.as_ref(), b"abcdefghijk");
    }
}
