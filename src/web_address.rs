//! Which web addresses a token may be sent to: https, or http on this machine, with nothing in them that a log must not show.

use reqwest::Url;
use std::net::IpAddr;

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What is wrong with an address, to follow on `it is`. Nothing of it is repeated: it may hold a password.
pub(crate) fn wrong(url: &Url) -> Option<&'static str> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => return Some("plain http, which anybody on the way can read"),
        _ => return Some("neither https nor http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("a URL with a user name or password in it");
    }
    let has_more = url.query().is_some() || url.fragment().is_some();
    has_more.then_some("a URL with `?` or `#`")
}
