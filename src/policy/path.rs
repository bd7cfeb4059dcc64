//! The path of a stanza: what it matches, and which of two wins.
//!
//! `*` is a wildcard only at the end, and `+` only as a whole segment. Everything else, also a `*`
//! in the middle and a `+` beside other letters, stands for itself.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

/// The path of a stanza, without the `/` that it may start with.
///
/// Two patterns are equal when they match the same paths with the same priority.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern {
    text: Arc<str>,
    kind: Kind,
    templated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Exact,
    /// Ends in `*`, has no `+` segment. The `*` is not part of the text.
    Prefix,
    /// Has a `+` after a slash or at the start; the text keeps a `*` at its end.
    Segments,
}

/// Why a text is not the path of a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `+*` anywhere.
    #[error("'+*' is not allowed in a path")]
    PlusStar,
    /// `{{` without its `}}`, or the reverse.
    #[error("'{{{{' and '}}}}' in the path do not pair up")]
    UnbalancedTemplate,
    /// A path that was to be taken as it is holds a wildcard or a template.
    #[error("the path cannot stand for itself: it holds a wildcard or a template")]
    NotExact,
}

/// What decides between two patterns that match the same path: the greater wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank<'a> {
    exact: bool,
    first_wildcard: usize,
    whole: bool,
    wildcards: Reverse<usize>,
    length: usize,
    text: &'a str,
}

impl PathPattern {
    /// Reads the path of a stanza.
    pub fn parse(written: &str) -> Result<Self, PatternError> {
        let templated = is_templated(written)?;
        let text = written.strip_prefix('/').unwrap_or(written);
        if text.contains("+*") {
            return Err(PatternError::PlusStar);
        }
        let segments = text == "+" || text.contains("/+") || text.starts_with("+/");
        let (text, kind) = match text.strip_suffix('*') {
            _ if segments => (text, Kind::Segments),
            Some(prefix) => (prefix, Kind::Prefix),
            None => (text, Kind::Exact),
        };
        Ok(Self {
            text: Arc::from(text),
            kind,
            templated,
        })
    }

    /// The pattern for one path and no other.
    ///
    /// Fails for a path that a policy cannot name alone, because it ends in `*`, has a `+` segment
    /// or holds `{{…}}`. Use this for paths that somebody else wrote.
    pub fn exact(path: &str) -> Result<Self, PatternError> {
        let pattern = Self::parse(path)?;
        if pattern.is_exact() {
            Ok(pattern)
        } else {
            Err(PatternError::NotExact)
        }
    }

    /// Whether the path holds `{{…}}`, which only the server can fill in.
    pub fn is_templated(&self) -> bool {
        self.templated
    }

    /// Whether this is one path and not a pattern.
    pub fn is_exact(&self) -> bool {
        self.kind == Kind::Exact && !self.templated
    }

    /// Whether a request for `path` falls under this pattern. A `path` has no slash at its start.
    ///
    /// A templated pattern matches nothing as it stands: ask [`might_match`](Self::might_match).
    pub fn matches(&self, path: &str) -> bool {
        if self.templated {
            return false;
        }
        match self.kind {
            Kind::Exact => *self.text == *path,
            Kind::Prefix => path.starts_with(&*self.text),
            Kind::Segments => self.shape().covers(&Shape::of_path(path)),
        }
    }

    /// [`matches`](Self::matches), and for a templated pattern whether some value could make it
    /// match: a path that does not begin and end as the pattern does is out.
    pub fn might_match(&self, path: &str) -> bool {
        if !self.templated {
            return self.matches(path);
        }
        path.starts_with(self.head()) && (self.is_open() || path.ends_with(self.tail()))
    }

    /// Whether every path that `other` matches is matched by this. `false` when it cannot be shown.
    pub fn covers(&self, other: &Self) -> bool {
        match self.kind {
            _ if self == other => true,
            Kind::Prefix if !self.templated => other.head().starts_with(&*self.text),
            Kind::Segments if !self.templated && !other.templated => {
                self.shape().covers(&other.shape())
            }
            _ => false,
        }
    }

    /// Whether a path may be matched by both. `true` when it cannot be ruled out.
    pub fn intersects(&self, other: &Self) -> bool {
        self.may_meet(other)
            && (self.templated || other.templated || self.shape().intersects(&other.shape()))
    }

    /// The key under which a stanza for exactly this request path is found.
    pub(super) fn of_path(path: &str) -> Self {
        Self {
            text: Arc::from(path),
            kind: Kind::Exact,
            templated: false,
        }
    }

    /// Whether the beginnings allow a common path, also with a slash after one of the two. Cheap.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        let (one, two) = (self.head(), other.head());
        one.starts_with(two) || two.starts_with(one)
    }

    pub(super) fn rank(&self) -> Rank<'_> {
        let text = self
            .text
            .strip_suffix('*')
            .filter(|_| self.kind == Kind::Segments);
        let text = text.unwrap_or(&self.text);
        Rank {
            exact: self.kind == Kind::Exact,
            first_wildcard: match self.kind {
                Kind::Segments => self.text.find('+').unwrap_or_default(),
                _ => self.text.len(),
            },
            whole: !self.is_open(),
            wildcards: Reverse(match self.kind {
                Kind::Segments => text.split('/').filter(|&segment| segment == "+").count(),
                _ => 0,
            }),
            length: text.len(),
            text,
        }
    }

    /// The same pattern with a slash after it: where `list` of this path may also be asked.
    pub(super) fn with_slash(&self) -> Option<Self> {
        (!self.is_open()).then(|| Self {
            text: format!("{}/", self.text).into(),
            ..self.clone()
        })
    }

    /// The paths that this does not match, though it matches them with a slash after them.
    pub(super) fn without_slash(&self) -> Option<Self> {
        let (text, kind) = match self.kind {
            Kind::Exact | Kind::Prefix => (self.text.strip_suffix('/'), Kind::Exact),
            // A `+` also stands for no letters at all.
            Kind::Segments => {
                let text = self.text.strip_suffix('*').unwrap_or(&self.text);
                (
                    text.strip_suffix('/').or_else(|| text.strip_suffix("/+")),
                    Kind::Segments,
                )
            }
        };
        Some(Self {
            text: Arc::from(text?),
            kind,
            ..self.clone()
        })
    }

    fn is_open(&self) -> bool {
        match self.kind {
            Kind::Exact => false,
            Kind::Prefix => true,
            Kind::Segments => self.text.ends_with('*'),
        }
    }

    /// What every matching path starts with.
    fn head(&self) -> &str {
        let template = self.text.find("{{").filter(|_| self.templated);
        let plus = self.text.find('+').filter(|_| self.kind == Kind::Segments);
        let end = template
            .into_iter()
            .chain(plus)
            .min()
            .unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or_default()
    }

    /// What follows the last template and the last `+`.
    fn tail(&self) -> &str {
        let tail = self.text.rsplit("}}").next().unwrap_or_default();
        tail.rsplit('+').next().unwrap_or_default()
    }

    pub(super) fn shape(&self) -> Shape<'_> {
        let open = self.is_open();
        let text = if self.kind == Kind::Segments && open {
            self.text.strip_suffix('*').unwrap_or(&self.text)
        } else {
            &self.text
        };
        let wild = self.kind == Kind::Segments;
        let segment = |part| {
            if wild && part == "+" {
                Segment::Any
            } else {
                Segment::Is(part)
            }
        };
        Shape {
            segments: text.split('/').map(segment).collect(),
            open,
        }
    }
}

/// As it is written in a policy.
impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One slash at the start is not part of a path, so a path that begins with one needs two.
        let slash = if self.text.starts_with('/') { "/" } else { "" };
        let star = if self.kind == Kind::Prefix { "*" } else { "" };
        write!(f, "{slash}{}{star}", self.text)
    }
}

/// The server's check: every `{{` is closed by one `}}` before the next.
fn is_templated(path: &str) -> Result<bool, PatternError> {
    let mut pieces = path.split("{{");
    if pieces.next().is_some_and(|before| before.contains("}}")) {
        return Err(PatternError::UnbalancedTemplate);
    }
    let mut templated = false;
    for piece in pieces {
        if piece.matches("}}").count() != 1 {
            return Err(PatternError::UnbalancedTemplate);
        }
        templated = true;
    }
    Ok(templated)
}

/// A pattern as segments. When open, the last segment is only the beginning of what follows, and
/// what follows may hold slashes.
pub(super) struct Shape<'a> {
    pub(super) segments: Vec<Segment<'a>>,
    pub(super) open: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Any,
    Is(&'a str),
}

impl<'a> Shape<'a> {
    fn of_path(path: &'a str) -> Self {
        Self {
            segments: path.split('/').map(Segment::Is).collect(),
            open: false,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let (n, m) = (self.segments.len(), other.segments.len());
        if !self.open {
            return !other.open && n == m && self.pairs(other).all(|(a, b)| a.covers(b));
        }
        let Some((Segment::Is(begin), whole)) = self.segments.split_last() else {
            return false;
        };
        m >= n
            && whole.iter().zip(&other.segments).all(|(a, b)| a.covers(*b))
            && match other.segments.get(n - 1) {
                Some(Segment::Is(text)) => text.starts_with(begin),
                Some(Segment::Any) => begin.is_empty(),
                None => false,
            }
    }

    fn intersects(&self, other: &Self) -> bool {
        let (n, m) = (self.segments.len(), other.segments.len());
        match (self.open, other.open) {
            (false, false) => n == m && self.pairs(other).all(|(a, b)| a.meets(b)),
            (false, true) => other.intersects(self),
            (true, true) if n > m => other.intersects(self),
            (true, _) if m < n => false,
            (true, _) => {
                let Some((Segment::Is(begin), whole)) = self.segments.split_last() else {
                    return true;
                };
                whole.iter().zip(&other.segments).all(|(a, b)| a.meets(*b))
                    && match other.segments.get(n - 1) {
                        Some(Segment::Is(text)) => {
                            text.starts_with(begin)
                                || (other.open && n == m && begin.starts_with(text))
                        }
                        _ => true,
                    }
            }
        }
    }

    fn pairs<'b>(
        &'b self,
        other: &'b Self,
    ) -> impl Iterator<Item = (Segment<'b>, Segment<'b>)> + 'b {
        self.segments
            .iter()
            .copied()
            .zip(other.segments.iter().copied())
    }
}

impl Segment<'_> {
    fn covers(self, other: Segment<'_>) -> bool {
        self == Segment::Any || self == other
    }

    fn meets(self, other: Segment<'_>) -> bool {
        self.covers(other) || other == Segment::Any
    }
}
