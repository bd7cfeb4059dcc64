//! A secret and its versions.

use super::super::kv1;
use super::config::Config;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// How many versions are kept where nobody says how many.
const USUAL_VERSIONS: u64 = 10;

#[derive(Debug, Default)]
pub(super) struct Secret {
    /// From the oldest to the newest.
    versions: Vec<(u64, Version)>,
    pub current: u64,
    pub oldest: u64,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub settings: Option<Box<Settings>>,
}

/// What is said about a secret itself; most have nothing said about them.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// How often any of this was written.
    pub version: u64,
    pub max_versions: u32,
    pub cas_required: bool,
    pub metadata_cas_required: bool,
    /// Seconds.
    pub delete_version_after: i64,
    pub custom: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) struct Version {
    pub created: Timestamp,
    pub deletion: Option<Timestamp>,
    pub destroyed: bool,
    /// JSON text; `null` is a value too.
    data: Option<Box<str>>,
}

impl Secret {
    /// A new version with this value; the oldest ones go as new ones come.
    pub(super) fn add(
        &mut self,
        data: Option<&Map<String, Value>>,
        now: Timestamp,
        config: &Config,
    ) {
        let version = Version {
            created: now,
            deletion: self.deletion(now, config),
            destroyed: false,
            data: data.map(|data| kv1::text(&as_floats(data))),
        };
        self.current += 1;
        self.versions.reserve_exact(1);
        self.versions.push((self.current, version));
        self.updated = Some(now);
        self.created.get_or_insert(now);
        let own = self.settings().map_or(0, |settings| settings.max_versions);
        let kept = match u64::from(own.max(config.max_versions)) {
            0 => USUAL_VERSIONS,
            kept => kept,
        };
        if self.current - self.oldest >= kept {
            self.oldest = self.current - kept + 1;
            self.versions.retain(|(number, _)| *number >= self.oldest);
        }
    }

    /// When a version that is made (or taken back) now is deleted again.
    pub(super) fn deletion(&self, now: Timestamp, config: &Config) -> Option<Timestamp> {
        let own = self
            .settings()
            .map(|settings| settings.delete_version_after);
        let own = own.unwrap_or(0);
        let seconds = match (config.delete_version_after, own) {
            (mount, _) if mount < 0 => return None,
            (0, 0) => return None,
            (0, own) => own,
            (mount, 0) => mount,
            (mount, own) => mount.min(own),
        };
        let deletion = now.checked_add(SignedDuration::from_secs(seconds));
        Some(deletion.unwrap_or(Timestamp::MAX))
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        self.settings.as_deref()
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = (u64, &Version)> {
        self.versions
            .iter()
            .map(|(number, version)| (*number, version))
    }

    /// 0 or less is the newest.
    pub(super) fn version(&self, asked: i64) -> Option<(u64, &Version)> {
        let number = match u64::try_from(asked) {
            Ok(asked) if asked > 0 => asked,
            _ => self.current,
        };
        self.versions().find(|(known, _)| *known == number)
    }

    pub(super) fn version_mut(&mut self, number: u64) -> Option<&mut Version> {
        let mut versions = self.versions.iter_mut();
        let found = versions.find(|(known, _)| *known == number);
        found.map(|(_, version)| version)
    }
}

impl Version {
    pub(super) fn is_deleted(&self, now: Timestamp) -> bool {
        self.deletion.is_some_and(|deletion| deletion < now)
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.destroyed || self.is_deleted(now)
    }

    pub(super) fn data(&self) -> Option<Map<String, Value>> {
        self.data.as_deref().map(kv1::parsed)
    }

    pub(super) fn destroy(&mut self) {
        self.destroyed = true;
        self.data = None;
    }
}

/// Every number goes through a float, as it does in the real engine.
fn as_floats(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .map(|(name, value)| (name.clone(), as_float(value)))
        .collect()
}

fn as_float(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, shortest),
        Value::Array(items) => items.iter().map(as_float).collect(),
        Value::Object(map) => as_floats(map).into(),
        other => other.clone(),
    }
}

/// Written without a fraction where it has none.
fn shortest(number: f64) -> Value {
    const LONGEST: f64 = 1e21;
    if number.fract() == 0.0
        && number.abs() < LONGEST
        && !(number == 0.0 && number.is_sign_negative())
    {
        let text = format!("{number}");
        if let Ok(whole) = text.parse::<Number>() {
            return whole.into();
        }
    }
    number.into()
}

/// What a number of versions is when it does not fit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the real engine cuts it off as well"
)]
pub(super) fn versions_kept(number: i64) -> u32 {
    number as u32
}

/// Seconds as Go writes a duration.
pub(super) fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let all = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// The time as it is told: no text for none.
pub(super) fn time(time: Option<Timestamp>) -> Value {
    time.map_or_else(String::new, |time| time.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_lose_what_a_float_does_not_hold() {
        let given = json!({"a": 1.0, "b": 12_345_678_901_234_567_890_u64, "c": 1.5, "d": 9_007_199_254_740_993_i64});
        let kept = as_float(&given);
        assert_eq!(
            kept.to_string(),
            r#"{"a":1,"b":12345678901234567000,"c":1.5,"d":9007199254740992}"#
        );
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let all = [0, -1, 59, 90, 3600, 86_400].map(duration);
        assert_eq!(all, ["0s", "-1s", "59s", "1m30s", "1h0m0s", "24h0m0s"]);
    }

    #[test]
    fn the_oldest_versions_go_as_new_ones_come() {
        let mut secret = Secret::default();
        let config = Config {
            max_versions: 2,
            ..Config::default()
        };
        for _ in 0..3 {
            secret.add(Some(&Map::new()), Timestamp::UNIX_EPOCH, &config);
        }
        let numbers: Vec<u64> = secret.versions().map(|(number, _)| number).collect();
        assert_eq!((numbers, secret.oldest), (vec![2, 3], 2));
    }
}
