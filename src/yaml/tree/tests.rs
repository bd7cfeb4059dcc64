use super::*;

fn problems(text: &str) -> Vec<String> {
    let mut problems = Diagnostics::default();
    let documents = parse("a.yaml", text, &mut problems);
    assert_eq!(documents.whole, problems.is_empty());
    problems
        .sorted()
        .iter()
        .map(|problem| {
            format!(
                "{}:{} {}",
                problem.place.line, problem.place.column, problem.message
            )
        })
        .collect()
}

#[test]
fn every_node_knows_its_place() {
    let mut found = Diagnostics::default();
    let documents = parse("a.yaml", "a:\n  b: [x, \"yy\"]\n---\nc: no\n", &mut found);
    assert_eq!(documents.documents.len(), 2);
    let list = documents.documents[0]
        .get("a")
        .and_then(|a| a.get("b"))
        .unwrap();
    let Content::List(items) = &list.content else {
        panic!("a list")
    };
    assert_eq!(
        (
            items[1].place.line,
            items[1].place.column,
            items[1].place.length
        ),
        (2, 10, 4)
    );
    assert_eq!(
        documents.documents[1].get("c").and_then(Node::scalar),
        Some("no")
    );
}

#[test]
fn a_tab_that_indents_is_marked_where_it_stands() {
    for (text, place) in [
        ("a:\n\tb: 1\n", "2:1"),
        ("a:\n  b: x\n\tc: y\n", "3:1"),
        ("a:\n  b: x\n\n  \tc: y\n", "4:3"),
        ("a:\n  - x\n\t- y\n", "3:1"),
    ] {
        let said = problems(text).remove(0);
        let wanted = format!("{place} this is not valid YAML: a tab stands in the indentation");
        assert_eq!(said, wanted, "{text:?}");
    }
    let elsewhere = problems("a: b: c\n\td: 1\n").remove(0);
    assert!(elsewhere.starts_with("1:"), "{elsewhere}");
}

#[test]
fn a_duplicate_key_is_marked_at_its_second_place() {
    assert_eq!(
        problems("a: 1\nb: 2\na: 3\n"),
        ["3:1 the key `a` stands here a second time"]
    );
}

#[test]
fn a_bomb_of_aliases_is_refused_at_its_first_alias() {
    let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")] {
        text.push_str(&format!(
            "{name}: &{name} [*{of},*{of},*{of},*{of},*{of},*{of}]\n"
        ));
    }
    assert_eq!(
        problems(&text),
        ["2:8 aliases are not read in declarations"]
    );
}

#[test]
fn nesting_and_size_have_limits() {
    let deep = "[".repeat(10_000);
    assert_eq!(problems(&deep).len(), 1);
    let many = "- x\n".repeat(MOST_NODES + 1);
    assert!(problems(&many)[0].contains("more than 100000 values"));
}

#[test]
fn documents_around_a_broken_one_are_still_read() {
    let mut found = Diagnostics::default();
    let documents = parse("a.yaml", "a: 1\n---\nb: [\n---\nc: 3\n", &mut found);
    assert!(!documents.whole && found.has_errors());
    assert!(
        documents
            .documents
            .iter()
            .any(|document| document.get("c").is_some())
    );
}

#[test]
fn custom_tags_and_merge_keys_are_refused() {
    assert_eq!(problems("a: !ruby/object x\n").len(), 1);
    assert_eq!(problems("b:\n  <<: {x: 1}\n").len(), 1);
}
