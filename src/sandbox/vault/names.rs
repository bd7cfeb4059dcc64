//! Names below a path, as a list of one folder and as a scan of everything.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::Bound;

/// What stands directly below `folder` (which is empty or ends with a slash), folders with a slash at their end.
pub(super) fn children<T>(
    entries: &BTreeMap<String, T>,
    folder: &str,
    after: &str,
    limit: usize,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut from = Bound::Included(format!("{folder}{after}"));
    while let Some((path, _)) = entries.range::<String, _>((from, Bound::Unbounded)).next() {
        let Some(name) = path.strip_prefix(folder) else {
            break;
        };
        let (name, next) = match name.find('/') {
            // Everything in that folder is one name: on behind it.
            Some(end) => {
                let name = &name[..=end];
                (name, Bound::Included(format!("{folder}{}0", &name[..end])))
            }
            None => (name, Bound::Excluded(path.clone())),
        };
        if !name.is_empty() && (after.is_empty() || name > after) {
            names.push(name.to_owned());
        }
        if names.len() == limit {
            break;
        }
        from = next;
    }
    names
}

/// Everything below `folder`, by paths from there: folder by folder, the last one found first.
pub(super) fn below<T>(entries: &BTreeMap<String, T>, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(within) = folders.pop() {
        for name in children(entries, &format!("{folder}{within}"), "", usize::MAX) {
            let path = format!("{within}{name}");
            if path.ends_with('/') {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

/// The data of a list; of no names, there is none.
pub(super) fn keys(names: Vec<String>) -> Map<String, Value> {
    if names.is_empty() {
        return Map::new();
    }
    Map::from_iter([("keys".to_owned(), names.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> BTreeMap<String, u8> {
        ["b", "a", "a/b", "a/c/d", "a-b", "a/c", "d/e/f", "a0"]
            .map(|path| (path.to_owned(), 1))
            .into()
    }

    #[test]
    fn a_name_may_be_an_entry_and_a_folder() {
        let all = children(&entries(), "", "", usize::MAX);
        assert_eq!(all, ["a", "a-b", "a/", "a0", "b", "d/"]);
        assert_eq!(children(&entries(), "a/", "", usize::MAX), ["b", "c", "c/"]);
    }

    #[test]
    fn a_page_begins_after_a_name_that_need_not_be_there() {
        assert_eq!(children(&entries(), "", "a/", 2), ["a0", "b"]);
        assert_eq!(children(&entries(), "", "aa", usize::MAX), ["b", "d/"]);
    }

    #[test]
    fn a_scan_goes_into_the_last_folder_first() {
        let all = below(&entries(), "");
        assert_eq!(all, ["a", "a-b", "a0", "b", "d/e/f", "a/b", "a/c", "a/c/d"]);
        assert_eq!(below(&entries(), "a/"), ["b", "c", "c/d"]);
        assert!(below(&entries(), "no/").is_empty());
    }
}
