//! A strict reader of `OpenMetrics` text 1.0: whatever is not exactly right fails the test.

use std::collections::{BTreeMap, BTreeSet};

/// One family, as it was told.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Every family by name.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Family> {
    let lines = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut seen = BTreeSet::new();
    assert!(!lines.contains("\n\n") && !lines.contains('\r'));
    for line in lines.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name), "{line}");
            assert!(help.ends_with('.') && !help.contains('\\'), "{line}");
            assert!(!families.contains_key(name), "{name} is told once");
            name.clone_into(&mut current);
            let family = families.entry(current.clone()).or_default();
            help.clone_into(&mut family.help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current, "{line}");
            assert!(
                ["gauge", "counter", "histogram", "info"].contains(&kind),
                "{line}"
            );
            kind.clone_into(&mut families.get_mut(name).unwrap().kind);
        } else {
            let sample = Sample::parse(line);
            let family = families
                .get_mut(&current)
                .unwrap_or_else(|| panic!("of no family: {line}"));
            assert!(family.takes(&current, &sample), "{line}");
            assert!(
                seen.insert((sample.name.clone(), sample.labels.clone())),
                "twice: {line}"
            );
            family.samples.push(sample);
        }
    }
    for (name, family) in &families {
        family.check(name);
    }
    families
}

/// The value of one series, which is written as it is told.
pub(crate) fn value(text: &str, series: &str) -> f64 {
    let wanted = format!("{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&wanted));
    line.unwrap_or_else(|| panic!("{series} is told in:\n{text}"))
        .parse()
        .unwrap()
}

impl Family {
    fn takes(&self, name: &str, sample: &Sample) -> bool {
        let suffix = sample.name.strip_prefix(name);
        match self.kind.as_str() {
            "gauge" => suffix == Some(""),
            "counter" => suffix == Some("_total") && sample.value >= 0.0,
            "info" => suffix == Some("_info") && (sample.value - 1.0).abs() < f64::EPSILON,
            "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix.unwrap_or_default()),
            _ => false,
        }
    }

    fn of(&self, suffix: &str) -> impl Iterator<Item = &Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name.ends_with(suffix))
    }

    fn check(&self, name: &str) {
        assert!(!self.kind.is_empty(), "{name} has a type");
        if self.kind != "histogram" {
            return;
        }
        let buckets: Vec<(f64, f64)> = self
            .of("_bucket")
            .map(|sample| {
                (
                    sample.labels["le"].replace("+Inf", "inf").parse().unwrap(),
                    sample.value,
                )
            })
            .collect();
        assert!(
            buckets
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1),
            "{name}"
        );
        let count = self.of("_count").next().unwrap().value;
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
        let name = line[..end].to_owned();
        assert!(is_name(&name), "{line}");
        let (labels, rest) = match line[end..].strip_prefix('{') {
            Some(labels) => read_labels(labels),
            None => (BTreeMap::new(), &line[end..]),
        };
        let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(!value.contains(' '), "no time stamps: {line}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(value.is_finite(), "{line}");
        Self {
            name,
            labels,
            value,
        }
    }
}

/// `a="b",c="d"}` and what comes after it.
fn read_labels(mut text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    loop {
        let (name, rest) = text.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        assert!(is_name(name) && !name.contains(':'), "{text}");
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next().unwrap_or_else(|| panic!("{text}")) {
                (at, '"') => break at,
                (_, '\\') => value.push(match characters.next().unwrap().1 {
                    'n' => '\n',
                    escaped @ ('"' | '\\') => escaped,
                    other => panic!("\\{other} in {text}"),
                }),
                (_, character) => value.push(character),
            }
        };
        assert!(
            labels.insert(name.to_owned(), value).is_none(),
            "{name} twice"
        );
        let after = &rest[end + 1..];
        match after.strip_prefix(',') {
            Some(more) => text = more,
            None => {
                return (
                    labels,
                    after.strip_prefix('}').unwrap_or_else(|| panic!("{after}")),
                );
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let first = text
        .starts_with(|character: char| character.is_ascii_alphabetic() || "_:".contains(character));
    first
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_:".contains(character))
}

#[test]
fn what_is_not_quite_right_is_found() {
    let good = "# HELP a_b Something.\n# TYPE a_b gauge\na_b{c=\"d\\\"\\n\"} 1.5\n# EOF\n";
    assert_eq!(parse(good)["a_b"].samples[0].labels["c"], "d\"\n");
    for bad in [
        good.trim_end(),
        &good.replace("gauge", "counter"),
        &good.replace("1.5", "1.5 17"),
        &good.replace("1.5", "NaN"),
        &good.replace("\\n", "\\t"),
        &good.replace("c=", "c-="),
        &good.replace("# TYPE a_b gauge\n", ""),
        &good.replace("a_b{", "a_c{"),
        &good.replace("# EOF\n", "a_b{c=\"d\\\"\\n\"} 1\n# EOF\n"),
    ] {
        let read = std::panic::catch_unwind(|| parse(bad));
        assert!(read.is_err(), "{bad}");
    }
}
