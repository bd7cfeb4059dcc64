//! The service reviews pull requests: signed webhooks, a git server with what forges keep of pull requests, forges as their public
//! documentation has them, and `keyfleet serve` as it is run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_remote/command.rs"]
mod command;
#[path = "serve_reviews/hostile.rs"]
mod hostile;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_remote/server.rs"]
mod https;
#[path = "serve_reviews/posted.rs"]
mod posted;
#[path = "serve_reviews/quiet.rs"]
mod quiet;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_cache/road.rs"]
mod road;
#[path = "serve_reviews/scene.rs"]
mod scene;
#[allow(dead_code, reason = "the tests of forges use the rest of it")]
#[path = "forge/server.rs"]
mod server;
#[path = "serve_reviews/service.rs"]
mod service;
#[allow(dead_code, reason = "the tests of forges use the rest of it")]
#[path = "forge/shapes.rs"]
mod shapes;
mod support;
#[path = "serve_reviews/trouble.rs"]
mod trouble;
#[path = "serve_reviews/webhook.rs"]
mod webhook;
