//! XML as `JUnit` writes it and every CI reads it. Every text comes through [`clean`] first.
//!
//! GitLab shows only what stands in an element, Jenkins also the attribute `message`: so it stands in both.

use askama::Template;

#[derive(Template)]
#[template(path = "junit.xml")]
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) made: Option<String>,
    pub(super) suites: Vec<Suite>,
}

pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Case {
    /// GitLab ignores the second of two with one name.
    pub(super) name: String,
    pub(super) file: Option<String>,
    /// `None`: all is well.
    pub(super) wrong: Option<Wrong>,
}

pub(super) struct Wrong {
    /// `failure`, or `error` where nobody knows.
    pub(super) tag: &'static str,
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) text: String,
}

impl Run {
    fn tests(&self) -> usize {
        self.suites.iter().map(|suite| suite.cases.len()).sum()
    }

    fn number(&self, tag: &str) -> usize {
        self.suites.iter().map(|suite| suite.number(tag)).sum()
    }

    pub(super) fn xml(&self) -> String {
        // Texts and numbers: nothing in it can fail to be written.
        self.render().unwrap_or_default()
    }
}

impl Suite {
    fn number(&self, tag: &str) -> usize {
        let wrong = self.cases.iter().filter_map(|case| case.wrong.as_ref());
        wrong.filter(|wrong| wrong.tag == tag).count()
    }
}

/// Two characters more are no XML, not even as a reference.
pub(super) fn clean(text: &str) -> String {
    super::clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
