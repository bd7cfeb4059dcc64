//! XML as `JUnit` writes it and every CI reads it: a suite for each scope, a failed test for each finding.

use super::words::{self, Phrase};
use crate::drift::{Class, Report, Told, Where};
use crate::report::junit::{Case, Run, Suite, Wrong, clean};

pub(super) fn junit(report: &Report) -> String {
    let of_scopes = report.scopes.iter().map(|line| {
        let missed = line.missed.as_ref().map(|missed| &*missed.why);
        suite(report, &line.scope, missed)
    });
    let mut suites: Vec<Suite> = coverage(report).into_iter().chain(of_scopes).collect();
    if !report.about.problems.is_empty() {
        suites.push(declarations(report));
    }
    let run = Run {
        name: "keyfleet drift",
        made: Some(report.made.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        suites,
    };
    run.xml()
}

fn suite(report: &Report, scope: &Where, missed: Option<&str>) -> Suite {
    let here = report
        .standing()
        .filter(|told| told.scope == *scope && told.class != Class::Note);
    let mut cases: Vec<Case> = here.map(|told| case(report, told)).collect();
    let is_said = cases.iter().any(|case| {
        case.wrong
            .as_ref()
            .is_some_and(|wrong| wrong.tag == "error")
    });
    if let Some(why) = missed.filter(|_| !is_said) {
        cases.push(Case {
            name: "looked at".to_owned(),
            file: None,
            wrong: Some(Wrong {
                tag: "error",
                kind: "unread".to_owned(),
                message: clean(why),
                text: String::new(),
            }),
        });
    }
    if cases.is_empty() {
        cases.push(Case {
            name: "as declared".to_owned(),
            file: None,
            wrong: None,
        });
    }
    Suite {
        name: clean(&words::scope(scope).plain()),
        cases,
    }
}

fn case(report: &Report, told: &Told) -> Case {
    let object = words::object(&told.item.object).plain();
    let story = words::story(report, told).plain();
    let fields: Vec<String> = words::fields(&told.item)
        .iter()
        .map(Phrase::plain)
        .collect();
    let place = told.item.place.as_ref().map(ToString::to_string);
    let lines = fields.into_iter().chain(place).map(|line| clean(&line));
    Case {
        name: clean(&object),
        file: told.item.place.as_ref().map(|place| clean(&place.file)),
        wrong: Some(Wrong {
            tag: if told.class == Class::Unread {
                "error"
            } else {
                "failure"
            },
            kind: format!("{:?}", told.class).to_lowercase(),
            message: clean(if story.is_empty() {
                &told.item.summary
            } else {
                &story
            }),
            text: lines.collect::<Vec<_>>().join("\n"),
        }),
    }
}

/// That not all of the fleet was seen comes first.
fn coverage(report: &Report) -> Option<Suite> {
    let case = Case {
        name: "everything was looked at".to_owned(),
        file: None,
        wrong: Some(Wrong {
            tag: "error",
            kind: "unread".to_owned(),
            message: words::unlooked(report)?,
            text: String::new(),
        }),
    };
    Some(Suite {
        name: "fleet".to_owned(),
        cases: vec![case],
    })
}

fn declarations(report: &Report) -> Suite {
    let problems = report.about.problems.iter();
    Suite {
        name: "declarations".to_owned(),
        cases: problems
            .map(|problem| Case {
                name: clean(&problem.place.to_string()),
                file: Some(clean(&problem.place.file)),
                wrong: Some(Wrong {
                    tag: "error",
                    kind: "declaration".to_owned(),
                    message: clean(&problem.message),
                    text: String::new(),
                }),
            })
            .collect(),
    }
}
