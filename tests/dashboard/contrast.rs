//! The colours of the pages: every text can be read on every ground that it stands on, in the light and in the dark.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// WCAG 2.2 AA for text of this size.
const ENOUGH: f64 = 4.5;

/// Text and the ground that it stands on.
const PAIRS: [(&str, &str); 24] = [
    ("text", "ground"),
    ("text", "panel"),
    ("text", "plain-ground"),
    ("text", "hover"),
    ("quiet", "ground"),
    ("quiet", "panel"),
    ("quiet", "plain-ground"),
    ("quiet", "hover"),
    ("link", "ground"),
    ("link", "panel"),
    ("link", "hover"),
    ("mark", "ground"),
    // The button.
    ("ground", "mark"),
    ("good", "good-ground"),
    ("careful", "careful-ground"),
    ("bad", "bad-ground"),
    // What comes and what goes.
    ("good", "panel"),
    ("good", "hover"),
    ("good", "ground"),
    ("bad", "panel"),
    ("bad", "hover"),
    ("bad", "ground"),
    ("link", "careful-ground"),
    ("careful", "panel"),
];

fn sheet() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/web/pages/style.css");
    fs::read_to_string(path).unwrap()
}

fn colours(part: &str) -> BTreeMap<&str, &str> {
    let lines = part
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--"));
    lines
        .filter_map(|line| line.trim_end_matches(';').split_once(": "))
        .collect()
}

/// WCAG's relative luminance of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_stands_out_from_its_ground() {
    let sheet = sheet();
    let (light, rest) = sheet
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let dark = rest.split_once("box-sizing").unwrap().0;
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    for (name, colours) in [("light", colours(light)), ("dark", colours(dark))] {
        assert!(colours.len() >= 14, "{name}: {colours:?}");
        for (text, ground) in PAIRS {
            let contrast = contrast(colours[text], colours[ground]);
            assert!(
                contrast >= ENOUGH,
                "{text} on {ground}, {name}: {contrast:.2}"
            );
        }
    }
}

#[test]
fn the_look_is_small_and_needs_nothing_from_elsewhere() {
    let sheet = sheet();
    assert!(sheet.len() < 15_000, "{} bytes", sheet.len());
    for elsewhere in ["url(", "@import", "http:", "https:", "@font-face"] {
        assert!(!sheet.contains(elsewhere), "{elsewhere}");
    }
}
