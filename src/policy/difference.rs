use super::Policy;
use super::path::PathPattern;
use super::rule::Rule;
use std::fmt;

/// What two policies say differently of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathDifference {
    /// The path.
    pub path: PathPattern,
    /// What was said of it.
    pub before: Option<Rule>,
    /// What is said of it now.
    pub after: Option<Rule>,
}

/// Every path of which the two policies say different things, in order. Empty exactly when they
/// mean the same.
pub fn difference(before: &Policy, after: &Policy) -> Vec<PathDifference> {
    let gone = before
        .rules()
        .filter(|rule| after.rule(&rule.pattern, rule.expires).is_none());
    let mut differences: Vec<PathDifference> = gone
        .map(|rule| PathDifference {
            path: rule.pattern.clone(),
            before: Some(rule.clone()),
            after: None,
        })
        .collect();
    for rule in after.rules() {
        let old = before.rule(&rule.pattern, rule.expires);
        if old != Some(rule) {
            differences.push(PathDifference {
                path: rule.pattern.clone(),
                before: old.cloned(),
                after: Some(rule.clone()),
            });
        }
    }
    differences.sort_by_key(|difference| difference.path.to_string());
    differences
}

/// `kv/data/a/*: read, list → read`, `+ kv/data/b: read` or `- kv/data/c: read`.
impl fmt::Display for PathDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{}: {before} → {after}", self.path),
            (None, Some(after)) => write!(f, "+ {}: {after}", self.path),
            (Some(before), None) => write!(f, "- {}: {before}", self.path),
            (None, None) => write!(f, "{}", self.path),
        }
    }
}
