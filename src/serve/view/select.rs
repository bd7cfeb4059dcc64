//! What a reader asks of a long list: words that must all match, and one page of it.

/// Words of a search, in lower case. All have to match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

/// More is no search.
const MOST_WORDS: usize = 8;

impl Words {
    pub fn of(text: &str) -> Self {
        let words = text.split_whitespace().take(MOST_WORDS);
        Self(words.map(str::to_lowercase).collect())
    }

    pub fn all(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.0.iter().all(|word| matches(word))
    }
}

/// One page of a list.
pub struct Paged<T> {
    pub items: Vec<T>,
    /// From 1.
    pub number: usize,
    pub pages: usize,
    /// How many there are on all pages.
    pub total: usize,
    /// The place of the first item in the list, from 1; 0 where there is none.
    pub first: usize,
}

/// The page of this number, or the last one where there are not so many.
pub fn paged<T>(items: Vec<T>, number: usize, per_page: usize) -> Paged<T> {
    let total = items.len();
    let pages = total.div_ceil(per_page).max(1);
    let number = number.clamp(1, pages);
    let skipped = (number - 1) * per_page;
    let items: Vec<T> = items.into_iter().skip(skipped).take(per_page).collect();
    Paged {
        first: if items.is_empty() { 0 } else { skipped + 1 },
        items,
        number,
        pages,
        total,
    }
}

impl<T> Paged<T> {
    /// The place of the last item of this page.
    pub fn last(&self) -> usize {
        self.first + self.items.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_there_is_the_nearest() {
        let of = |number| {
            let page = paged((0..25).collect::<Vec<_>>(), number, 10);
            (page.number, page.first, page.last(), page.items.len())
        };
        assert_eq!(of(0), (1, 1, 10, 10));
        assert_eq!(of(3), (3, 21, 25, 5));
        assert_eq!(of(usize::MAX), (3, 21, 25, 5));
        let empty = paged(Vec::<u8>::new(), 7, 10);
        assert_eq!(
            (empty.number, empty.pages, empty.first, empty.last()),
            (1, 1, 0, 0)
        );
    }

    #[test]
    fn every_word_has_to_match() {
        let words = Words::of("  Prod eu ");
        assert!(words.all(|word| "prod-eu".contains(word)));
        assert!(!words.all(|word| "prod-us".contains(word)));
        assert!(Words::of("").all(|_| false));
    }
}
