//! The dashboard and the JSON API: what they say, that nothing hostile gets through them, that everybody can use them, and that a
//! real browser shows them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "dashboard/api.rs"]
mod api;
#[path = "dashboard/browser.rs"]
mod browser;
#[path = "dashboard/contrast.rs"]
mod contrast;
#[path = "dashboard/hostile.rs"]
mod hostile;
#[path = "dashboard/made_up.rs"]
mod made_up;
#[path = "dashboard/markup.rs"]
mod markup;
#[path = "dashboard/pages.rs"]
mod pages;
#[path = "dashboard/real.rs"]
mod real;
#[path = "dashboard/site.rs"]
mod site;
