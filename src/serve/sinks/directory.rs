//! A directory: each report under its time, the last ones kept.

use super::Rendered;
use crate::serve::whole_file;
use std::collections::BTreeSet;
use std::path::Path;

/// How many reports of one schedule are kept.
const KEPT: usize = 90;
/// `2026-11-28T090000Z`.
const TIME: usize = 18;

/// Writes the report's files and removes what is older than the ones that are kept. Nothing else in the directory is
/// touched.
pub(super) async fn put(folder: &Path, rendered: &Rendered) -> Result<(), String> {
    let (folder, rendered) = (folder.to_owned(), rendered.clone());
    let put = tokio::task::spawn_blocking(move || put_now(&folder, &rendered));
    put.await.map_err(|_| "writing it failed".to_owned())?
}

fn put_now(folder: &Path, rendered: &Rendered) -> Result<(), String> {
    let failed = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for (name, text) in &rendered.files {
        let path = folder.join(name);
        whole_file::write(&path, text.as_bytes(), false).map_err(|error| failed(&path, &error))?;
    }
    // A report that arrived is not lost for an old one that stays.
    if let Err(error) = remove_old(folder, &rendered.schedule) {
        tracing::warn!(folder = %folder.display(), %error, "old reports could not be removed");
    }
    Ok(())
}

fn remove_old(folder: &Path, schedule: &str) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if let Some((time, name)) = name.to_str().and_then(|name| own(name, schedule)) {
            files.push((time.to_owned(), name.to_owned()));
        }
    }
    let times: BTreeSet<&String> = files.iter().map(|(time, _)| time).collect();
    let Some(oldest_kept) = times.iter().rev().nth(KEPT - 1) else {
        return Ok(());
    };
    let old = files.iter().filter(|(time, _)| time < *oldest_kept);
    for (_, name) in old {
        std::fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

/// The time in the name of a report of this schedule.
fn own<'a>(name: &'a str, schedule: &str) -> Option<(&'a str, &'a str)> {
    let (time, rest) = name.split_at_checked(TIME)?;
    let is_time = time.char_indices().all(|(index, character)| match index {
        4 | 7 => character == '-',
        10 => character == 'T',
        17 => character == 'Z',
        _ => character.is_ascii_digit(),
    });
    let ending = rest.strip_prefix('-')?.strip_prefix(schedule)?;
    (is_time && ending.starts_with('.')).then_some((time, name))
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn only_reports_of_the_schedule_are_its_own() {
        let time = "2026-11-28T090000Z";
        assert!(own(&format!("{time}-daily.html"), "daily").is_some());
        for other in [
            format!("{time}-daily-eu.html"),
            format!("{time}-weekly.html"),
            "2026-11-28T0900-daily.html".to_owned(),
            "notes.txt".to_owned(),
            "daily.html".to_owned(),
        ] {
            assert_eq!(own(&other, "daily"), None, "{other}");
        }
    }
}
