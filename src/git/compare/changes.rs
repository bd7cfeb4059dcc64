use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use git2::{Delta, DiffFindOptions, DiffOptions, Oid, Patch};

use super::aside::{Aside, number};
use super::reading::Side;
use super::{ChangeKind, FileChange};
use crate::git::files::prefixes;
use crate::git::tree::{Leaf, Leaves};

/// How many pairs of files that are gone and files that are new are looked at for similar ones; with more, only those with
/// the same text are taken for renamed, as git does.
const PAIRS: usize = 250_000;

/// How many lines of changed files, without those at both ends that are the same, are compared one by one. Large texts that have
/// only short lines in common take very long; of what is beyond, all from the first to the last difference has changed.
const LINES: usize = 1_000_000;

/// The wanted files that differ, by path.
pub(super) fn between(
    base: &Side,
    head: &Side,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<FileChange>, git2::Error> {
    let mut gone = BTreeMap::new();
    let mut new = BTreeMap::new();
    let mut changes = BTreeMap::new();
    let mut left = LINES;
    for (path, before, after) in differing(&base.leaves, &head.leaves) {
        if !wanted(path) {
            continue;
        }
        let (old, now) = (base.text(path), head.text(path));
        match (before, after) {
            (Some(_), Some(_)) if old.is_some() && old == now => {}
            (Some(_), Some(_)) => {
                let lines = changed_lines(old, now, &mut left)?;
                changes.insert(path, (ChangeKind::Modified, lines));
            }
            // Nobody knows whether it is there.
            (Some(_), None) if head.is_hidden(path) => {}
            (None, Some(_)) if base.is_hidden(path) => {}
            (Some(_), None) => {
                gone.insert(path, old.unwrap_or_default());
            }
            (None, _) => {
                new.insert(path, now.unwrap_or_default());
            }
        }
    }
    for (from, path) in renamed(&gone, &new)? {
        let (old, now) = (gone.remove(from), new.remove(path));
        let from = from.to_owned();
        let lines = changed_lines(old, now, &mut left)?;
        changes.insert(path, (ChangeKind::Renamed { from }, lines));
    }
    changes.extend(
        gone.into_keys()
            .map(|path| (path, (ChangeKind::Removed, Vec::new()))),
    );
    for (path, text) in new {
        changes.insert(path, (ChangeKind::Added, all_lines(text)));
    }
    let change = |(path, (kind, lines)): (&str, _)| FileChange {
        path: path.to_owned(),
        kind,
        lines,
    };
    Ok(changes.into_iter().map(change).collect())
}

impl Side {
    fn text(&self, path: &str) -> Option<&str> {
        self.checkout.files.get(path).map(|text| &**text)
    }

    /// Whether a problem is in the place of it, or above it.
    fn is_hidden(&self, path: &str) -> bool {
        let problems = &self.checkout.problems;
        prefixes(path).any(|prefix| {
            let found = problems.binary_search_by(|problem| (*problem.path).cmp(prefix));
            found.is_ok()
        })
    }
}

/// What is not the same in both, by path.
pub(super) fn differing<'l>(
    before: &'l Leaves,
    after: &'l Leaves,
) -> impl Iterator<Item = (&'l str, Option<Leaf>, Option<Leaf>)> {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    std::iter::from_fn(move || {
        loop {
            let (old, new) = (before.peek().copied(), after.peek().copied());
            let path = match (old, new) {
                (Some((old, _)), Some((new, _))) => old.min(new),
                (Some((path, _)), None) | (None, Some((path, _))) => path,
                (None, None) => return None,
            };
            let old = before.next_if(|(other, _)| *other == path);
            let new = after.next_if(|(other, _)| *other == path);
            let (old, new) = (old.map(|(_, leaf)| *leaf), new.map(|(_, leaf)| *leaf));
            if old != new {
                return Some((&**path, old, new));
            }
        }
    })
}

type Texts<'t> = BTreeMap<&'t str, &'t str>;

/// Pairs of a file that is gone and a new one which is the same, or nearly.
fn renamed<'t>(gone: &Texts<'t>, new: &Texts<'t>) -> Result<Vec<(&'t str, &'t str)>, git2::Error> {
    let (mut gone, mut new) = (gone.clone(), new.clone());
    // Nothing tells one empty file, or one that is no text, from another.
    gone.retain(|_, text| !text.is_empty());
    new.retain(|_, text| !text.is_empty());
    let mut pairs = Vec::new();
    let name = |path: &'t str| path.rsplit('/').next().unwrap_or(path);
    pair_equal(&mut gone, &mut new, name, &mut pairs);
    pair_equal(&mut gone, &mut new, |_| "", &mut pairs);
    if gone.len().saturating_mul(new.len()) <= PAIRS {
        pairs.extend(similar(&gone, &new)?);
    }
    Ok(pairs)
}

/// Takes out files with the same text, of which this is the same, too.
fn pair_equal<'t>(
    gone: &mut Texts<'t>,
    new: &mut Texts<'t>,
    also: impl Fn(&'t str) -> &'t str,
    pairs: &mut Vec<(&'t str, &'t str)>,
) {
    let mut by_text: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    for (path, text) in gone.iter().rev() {
        by_text.entry((text, also(path))).or_default().push(path);
    }
    new.retain(|path, text| {
        let from = by_text.get_mut(&(*text, also(path))).and_then(Vec::pop);
        if let Some(from) = from {
            gone.remove(from);
            pairs.push((from, path));
        }
        from.is_none()
    });
}

/// As libgit2 finds them.
fn similar<'t>(gone: &Texts<'t>, new: &Texts<'t>) -> Result<Vec<(&'t str, &'t str)>, git2::Error> {
    if gone.is_empty() || new.is_empty() {
        return Ok(Vec::new());
    }
    let aside = Aside::new()?;
    // No number is on both sides, so that no file is taken for the same one.
    let blobs = |texts: &Texts<'t>, first: usize| {
        let texts = texts.values().enumerate();
        let blobs = texts.map(|(number, text)| Ok((first + number, aside.blob(text.as_bytes())?)));
        blobs.collect::<Result<Vec<(usize, Oid)>, git2::Error>>()
    };
    let before = aside.tree(blobs(gone, 0)?.into_iter())?;
    let after = aside.tree(blobs(new, gone.len())?.into_iter())?;
    let repository = aside.repository();
    let mut diff = repository.diff_tree_to_tree(Some(&before), Some(&after), None)?;
    let mut options = DiffFindOptions::new();
    options.renames(true).rename_limit(PAIRS);
    diff.find_similar(Some(&mut options))?;
    let paths: Vec<&str> = gone.keys().chain(new.keys()).copied().collect();
    let path = |file: git2::DiffFile<'_>| paths.get(number(file.path_bytes()?)?).copied();
    let renamed = diff
        .deltas()
        .filter(|delta| delta.status() == Delta::Renamed);
    Ok(renamed
        .filter_map(|delta| Some((path(delta.old_file())?, path(delta.new_file())?)))
        .collect())
}

/// Which lines of a text differ from what was there before.
fn changed_lines(
    before: Option<&str>,
    after: Option<&str>,
    left: &mut usize,
) -> Result<Vec<RangeInclusive<usize>>, git2::Error> {
    let (before, after) = match (before, after) {
        (_, None) => return Ok(Vec::new()),
        (None, Some(after)) => return Ok(all_lines(after)),
        (Some(before), Some(after)) => (before, after),
    };
    let last = after.lines().count();
    if last == 0 {
        return Ok(Vec::new());
    }
    // The line before those that are only gone; the first one where there is none.
    let range = |start: usize, lines: usize| {
        let start = start.clamp(1, last);
        start..=(start + lines.max(1) - 1).min(last)
    };
    let (first, old, new) = middle(before, after);
    let Some(rest) = left.checked_sub(old + new) else {
        return Ok(vec![range(if new == 0 { first - 1 } else { first }, new)]);
    };
    *left = rest;
    let mut options = DiffOptions::new();
    options.context_lines(0).force_text(true);
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let patch = Patch::from_buffers(before, None, after, None, Some(&mut options))?;
    let hunks = (0..patch.num_hunks()).map(|number| {
        let (hunk, _) = patch.hunk(number)?;
        Ok(range(hunk.new_start() as usize, hunk.new_lines() as usize))
    });
    hunks.collect()
}

/// The first line that differs, from 1, and how many lines there are from it to the last one that differs: before and after.
fn middle(before: &str, after: &str) -> (usize, usize, usize) {
    let [old, new] = [before, after].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let same = |(old, new): &(&&str, &&str)| old == new;
    let start = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[start..], &new[start..]);
    let pairs = old.iter().rev().zip(new.iter().rev());
    let end = pairs.take_while(same).count();
    (start + 1, old.len() - end, new.len() - end)
}

fn all_lines(text: &str) -> Vec<RangeInclusive<usize>> {
    let last = text.lines().count();
    if last == 0 {
        Vec::new()
    } else {
        vec![1..=last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(before: &str, after: &str, mut left: usize) -> Vec<RangeInclusive<usize>> {
        changed_lines(Some(before), Some(after), &mut left).unwrap()
    }

    #[test]
    fn beyond_what_is_compared_all_between_the_first_and_the_last_difference_has_changed() {
        let (before, after) = ("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n");
        assert_eq!(lines(before, after, 6), [2..=2, 4..=4]);
        assert_eq!(lines(before, after, 5), [2..=4]);
        assert_eq!(lines("a\nb\nc\n", "a\nc\n", 0), [1..=1]);
        assert_eq!(lines("a\nb\n", "b\n", 0), [1..=1]);
        assert_eq!(lines("a\nb\n", "a\n", 0), [1..=1]);
        assert_eq!(lines("a\n", "a\nb\nc\n", 0), [2..=3]);
        assert_eq!(lines("a\na\n", "a\na\na\n", 0), [3..=3]);
        assert_eq!(lines("a\n", "a", 0), [1..=1]);
    }

    #[test]
    fn what_was_compared_counts_for_all_files() {
        let mut left = 3;
        let ranges = |left: &mut usize| changed_lines(Some("a\n"), Some("b\n"), left).unwrap();
        assert_eq!((ranges(&mut left), left), (vec![1..=1], 1));
        assert_eq!((ranges(&mut left), left), (vec![1..=1], 1));
    }
}
