//! Durations and points in time, as the server reads them from a policy.

use jiff::Timestamp;
use std::fmt;

const SECOND: i64 = 1_000_000_000;

/// A duration of the policy language, to the nanosecond. Zero and less mean "not set".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ttl(i64);

impl Ttl {
    /// Whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.wrapping_mul(SECOND))
    }

    pub(super) const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A number alone counts seconds; `d` counts days and stands alone; the rest are Go's units.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(0));
        }
        if let Some(seconds) = decimal(text) {
            return Some(Self::seconds(seconds));
        }
        if let Some(days) = text.strip_suffix('d') {
            return Some(Self::seconds(decimal(days)?.wrapping_mul(86_400)));
        }
        units(text).map(Self)
    }
}

/// As it is written in a policy: `90s`, or with nanoseconds where there are some.
impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % SECOND == 0 {
            write!(f, "{}s", self.0 / SECOND)
        } else {
            write!(f, "{}ns", self.0)
        }
    }
}

fn decimal(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn units(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0i128;
    loop {
        let (amount, after) = one_unit(rest)?;
        total += amount;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// `1.5h` and what follows it.
fn one_unit(text: &str) -> Option<(i128, &str)> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit: i128 = match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let number = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<i128>().ok()
        }
    };
    // More than eighteen digits of a fraction are below a nanosecond of an hour.
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let scale = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let amount = number(whole)?.checked_mul(unit)? + number(fraction)?.checked_mul(unit)? / scale;
    (amount <= i128::from(i64::MAX)).then_some((amount, rest))
}

/// RFC 3339, or the seconds since 1970. What is too far away to be told apart is the end of time.
pub(super) fn point_in_time(text: &str) -> Option<Timestamp> {
    let from_seconds = |seconds: i64| {
        let end = if seconds < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_second(seconds).unwrap_or(end)
    };
    rfc3339(text).or_else(|| decimal(text).map(from_seconds))
}

/// As the server reads it: nothing may be left out, but the hour may have one digit.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once('T')?;
    let (time, zone) = rest.split_at(rest.find(['Z', '+', '-'])?);
    let (clock, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let clock = format!("{clock:0>8}");
    let right = has_shape(date, "0000-00-00")
        && has_shape(&clock, "00:00:00")
        // A leap second is no second to the server.
        && !clock.ends_with(":60")
        && (zone == "Z" || has_shape(zone, "+00:00") || has_shape(zone, "-00:00"))
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.get(..9).unwrap_or(fraction);
    right
        .then(|| format!("{date}T{clock}.{fraction}{zone}").parse().ok())
        .flatten()
}

/// Whether `text` is like `shape`, in which a `0` stands for any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                like => byte == like,
            })
}
