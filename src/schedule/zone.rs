//! IANA time zones, by the rules that come with the program.

use super::ScheduleError;
use crate::yaml::nearest;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::fmt;

/// A time zone by its IANA name.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Finds a zone by its name, such as `Europe/Berlin`.
    pub fn parse(name: &str) -> Result<Self, ScheduleError> {
        // Not the machine's: a plan must not depend on where it is made.
        let bundled = TimeZoneDatabase::bundled();
        bundled
            .get(name)
            .map(Self)
            .map_err(|_| unknown(name, &bundled))
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    pub(super) fn rules(&self) -> &TimeZone {
        &self.0
    }
}

fn unknown(name: &str, bundled: &TimeZoneDatabase) -> ScheduleError {
    let names: Vec<String> = bundled.available().map(|name| name.to_string()).collect();
    let known = || names.iter().map(String::as_str);
    let city = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or_default();
        last.replace(['_', ' '], "").to_lowercase()
    };
    // `Berlin` is further from `Europe/Berlin` than from many a name that was not meant.
    let same_city = known().find(|zone| city(zone) == city(name));
    ScheduleError {
        wrong: format!("{name:?} is not a time zone"),
        hint: match same_city.or_else(|| nearest(name, known())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an IANA name, such as Europe/Berlin, or UTC".to_owned(),
        },
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
