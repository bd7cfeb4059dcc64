//! Paths that stand for many: what is decided at one is decided at every path that the same stanzas match.
//!
//! In place of a wildcard stands a name that nobody gives. A stanza that matches such a path has a wildcard in that place too,
//! and so matches all that the first one does, but for paths that somebody spells out.

use super::path::{PathPattern, Segment, Shape};

/// A name that nobody gives.
const ANY: &str = "\u{f8ff}";

/// The paths that two patterns share, as far as one pattern can say.
pub(super) struct Meeting {
    /// One right there, and one further down where they go on.
    pub(super) paths: Vec<String>,
    /// `None` where no pattern says exactly this.
    pub(super) pattern: Option<PathPattern>,
}

/// What a pattern says of one segment.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// It has no such segment.
    End,
    Any,
    Is(&'a str),
    /// It begins so, and whatever follows may hold slashes.
    Begins(&'a str),
    /// It lies behind such a beginning.
    Rest,
}

/// Paths of one pattern that no other names.
pub(super) fn probes(pattern: &PathPattern) -> Vec<String> {
    meeting(pattern, pattern).map_or_else(Vec::new, |meeting| meeting.paths)
}

/// Where two patterns without templates meet, if they do.
pub(super) fn meeting(one: &PathPattern, two: &PathPattern) -> Option<Meeting> {
    let (one, two) = (one.shape(), two.shape());
    let mut segments: Vec<String> = Vec::new();
    for index in 0.. {
        let segment = match (part(&one, index), part(&two, index)) {
            (Part::End, Part::End | Part::Rest) | (Part::Rest, Part::End) => {
                return Some(met(&segments, false));
            }
            (Part::Rest, Part::Rest) => return Some(met(&segments, true)),
            (Part::Any, Part::Any) => ANY.to_owned(),
            (Part::Any, Part::Is(text)) | (Part::Is(text), Part::Any) => text.to_owned(),
            (Part::Is(text), Part::Is(other)) if text == other => text.to_owned(),
            (Part::Begins(text), Part::Any) | (Part::Any, Part::Begins(text)) => {
                format!("{text}{ANY}")
            }
            (Part::Begins(text), Part::Is(whole)) | (Part::Is(whole), Part::Begins(text))
                if whole.starts_with(text) =>
            {
                whole.to_owned()
            }
            (Part::Begins(text), Part::Begins(other)) if text.starts_with(other) => text.to_owned(),
            (Part::Begins(text), Part::Begins(other)) if other.starts_with(text) => {
                other.to_owned()
            }
            (Part::Rest, Part::Any) | (Part::Any, Part::Rest) => ANY.to_owned(),
            (Part::Rest, Part::Is(text) | Part::Begins(text))
            | (Part::Is(text) | Part::Begins(text), Part::Rest) => text.to_owned(),
            _ => return None,
        };
        segments.push(segment);
    }
    None
}

fn part<'a>(shape: &Shape<'a>, index: usize) -> Part<'a> {
    let last = shape.segments.len().saturating_sub(1);
    match shape.segments.get(index) {
        Some(Segment::Is(text)) if shape.open && index == last => Part::Begins(text),
        Some(Segment::Is(text)) => Part::Is(text),
        Some(Segment::Any) => Part::Any,
        None if shape.open => Part::Rest,
        None => Part::End,
    }
}

fn met(segments: &[String], is_open: bool) -> Meeting {
    let near = segments.join("/");
    let paths = if is_open {
        vec![format!("{near}{ANY}"), format!("{near}{ANY}/{ANY}")]
    } else {
        vec![near]
    };
    let written = segments.iter().map(|segment| match segment.as_str() {
        ANY => Some("+"),
        text if text.contains(ANY) => None,
        text => Some(text),
    });
    let written: Option<Vec<&str>> = written.collect();
    let star = if is_open { "*" } else { "" };
    Meeting {
        paths,
        pattern: written
            .and_then(|parts| PathPattern::parse(&format!("{}{star}", parts.join("/"))).ok()),
    }
}
