//! A good answer that may be very long, read while it comes: the metadata of a hundred thousand secrets is never held
//! as a whole, only what is looked for.

use super::answer::{Answer, Lost};
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Response, StatusCode};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::io::{self, BufReader, Read};
use tokio::sync::mpsc;

/// How many pieces of an answer may wait for the reader.
const AHEAD: usize = 8;
const READ_AT_ONCE: usize = 64 << 10;

pub(super) enum Received<T> {
    /// Of a good answer, what was wanted.
    Picked(T),
    /// Any other answer, or a good one that is not the JSON that it should be: then without its body.
    Other(Answer),
}

/// Waits for an answer, out of which is taken what is wanted. What to take may depend on the server's clock.
pub(super) async fn receive<T, S>(
    response: Response,
    cap: usize,
    wanted: &impl Fn(Option<Timestamp>) -> S,
) -> Result<Received<T>, Lost>
where
    T: Send + 'static,
    S: for<'de> DeserializeSeed<'de, Value = T> + Send + 'static,
{
    if response.status() != StatusCode::OK {
        return Answer::receive(response, cap).await.map(Received::Other);
    }
    let head = Answer::head(&response);
    let wanted = wanted(head.date);
    let (sender, pieces) = mpsc::channel(AHEAD);
    // It ends with the pieces, also when nobody waits for it any more.
    let reading = tokio::task::spawn_blocking(move || {
        let reader = BufReader::with_capacity(READ_AT_ONCE, Pieces::new(pieces));
        let mut json = serde_json::Deserializer::from_reader(reader);
        let picked = wanted.deserialize(&mut json)?;
        json.end().map(|()| picked)
    });
    hand_over(response, cap, &sender).await?;
    drop(sender);
    Ok(match reading.await {
        Ok(Ok(picked)) => Received::Picked(picked),
        _ => Received::Other(head),
    })
}

/// Up to the end of the answer, or until the reader has seen that it is not what it should be.
async fn hand_over(
    mut response: Response,
    cap: usize,
    sender: &mpsc::Sender<Bytes>,
) -> Result<(), Lost> {
    let mut length = 0;
    while let Some(piece) = response.chunk().await.map_err(|error| Lost::from(&error))? {
        length += piece.len();
        if length > cap {
            return Err(Lost::too_large(cap));
        }
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Pieces of an answer as something to read from, on a thread that may wait for the next.
struct Pieces {
    coming: mpsc::Receiver<Bytes>,
    now: Bytes,
}

impl Pieces {
    fn new(coming: mpsc::Receiver<Bytes>) -> Self {
        Self {
            coming,
            now: Bytes::new(),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.coming.blocking_recv() {
                Some(piece) => self.now = piece,
                None => return Ok(0),
            }
        }
        let length = self.now.len().min(into.len());
        into[..length].copy_from_slice(&self.now.split_to(length));
        Ok(length)
    }
}

/// One field of an object, read by `then`; every other one is passed over. `None` where the field is not there, or
/// there is `null` instead of the object.
pub(super) struct Field<S> {
    pub(super) name: &'static str,
    pub(super) then: S,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Field<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Field<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object with `{}`", self.name)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut then = Some(self.then);
        let mut found = None;
        while let Some(name) = fields.next_key::<String>()? {
            match then.take_if(|_| name == self.name) {
                Some(then) => found = Some(fields.next_value_seed(then)?),
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}
