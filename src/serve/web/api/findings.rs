//! What is not as declared, and what of it is held.

use super::super::ask::Ask;
use super::{list, schema, shapes};
use crate::serve::view::{Reader, Topic, Wish, narrowed};
use axum::extract::State;
use axum::response::Response;

pub(super) async fn all(State(reader): State<Reader>, ask: Ask) -> Response {
    answer(&reader, &ask, schema::FINDINGS, "findings", &ask.findings())
}

pub(super) async fn held(State(reader): State<Reader>, ask: Ask) -> Response {
    let wish = Wish {
        topic: Topic::Held.slug().to_owned(),
        ..ask.findings()
    };
    answer(&reader, &ask, schema::HELD, "held", &wish)
}

fn answer(reader: &Reader, ask: &Ask, schema: &str, name: &str, wish: &Wish) -> Response {
    let look = reader.look();
    let found = narrowed(&look, wish);
    list(schema, name, ask, found, |found| {
        shapes::finding(*found, &look)
    })
}
