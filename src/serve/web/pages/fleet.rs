//! The fleet: what needs a person first, the Vaults, and every cluster in a row.

use super::frame::{Frame, Nav};
use super::parts::{Choice, Turn, badge, cluster_link, mode, scope_link, vault_link};
use super::{PER_PAGE, show};
use crate::serve::board::Permission;
use crate::serve::view::{
    self, About, Attention, ClusterRow, Look, Order, Paged, Reader, State as Is, Tally, of_vault,
    paged,
};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/";
/// Where on the page the clusters are: who narrows, sorts or turns wants to see them.
const LIST: &str = "/#clusters";
/// So many of each state that needs a person are told; the table has the rest.
const FIRST: usize = 3;

#[derive(Template)]
#[template(path = "pages/fleet.html")]
struct Page<'a> {
    frame: Frame<'a>,
    attention: Vec<Urgent>,
    vaults: Vec<VaultRow<'a>>,
    clusters: Paged<ClusterRow<'a>>,
    turn: Turn,
    /// Every cluster by its state, whatever is filtered.
    states: Vec<StateCount>,
    headings: Vec<Heading>,
    q: &'a str,
    sort: &'a str,
    choices: Vec<Choice>,
    is_narrowed: bool,
    everything: String,
}

/// What needs a person, of one state.
struct Urgent {
    state: Is,
    first: Vec<Attention>,
    further: usize,
    link: String,
}

struct StateCount {
    state: Is,
    number: usize,
    link: String,
}

struct VaultRow<'a> {
    name: &'a str,
    state: Is,
    health: String,
    clusters: usize,
    findings: Tally,
    vault: &'a crate::serve::board::VaultState,
}

/// A column that can be sorted by.
struct Heading {
    word: &'static str,
    /// Empty where it cannot.
    link: String,
    /// For `aria-sort`; empty where it is not sorted by.
    sorted: &'static str,
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let (order, reversed) = ask.order();
    let rows = view::clusters(
        &look,
        &ask.words(),
        |state| ask.wants(state),
        order,
        reversed,
    );
    let clusters = paged(rows, ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Fleet, PATH),
        attention: urgent(&look),
        vaults: vaults(&look),
        turn: Turn::of(&clusters, &ask, LIST),
        clusters,
        states: states(&look, &ask),
        headings: headings(&ask, order, reversed),
        q: ask.get("q"),
        sort: ask.get("sort"),
        choices: choices(&ask),
        is_narrowed: ask.is_narrowed(),
        everything: ask.link(LIST, &[("q", ""), ("state", ""), ("page", "")]),
    };
    show(&page)
}

fn urgent(look: &Look) -> Vec<Urgent> {
    let all = view::attention(look);
    let of_state = all.chunk_by(|left, right| left.state == right.state);
    let urgent = of_state.map(|items| Urgent {
        state: items[0].state,
        first: items.iter().take(FIRST).cloned().collect(),
        further: items.len().saturating_sub(FIRST),
        link: format!("/?state={}#clusters", items[0].state.slug()),
    });
    urgent.collect()
}

fn vaults(look: &Look) -> Vec<VaultRow<'_>> {
    let vaults = look.known.vaults.iter();
    let rows = vaults.map(|(name, vault)| VaultRow {
        name: name.as_str(),
        state: of_vault(vault, look),
        health: super::vault::health(vault),
        clusters: {
            let clusters = look.known.clusters.values();
            clusters
                .filter(|cluster| cluster.cell.vault == *name)
                .count()
        },
        findings: Tally::of(view::findings_of(&vault.passes)),
        vault,
    });
    rows.collect()
}

fn states(look: &Look, ask: &Ask) -> Vec<StateCount> {
    let mut numbers = [0; Is::ALL.len()];
    for row in view::every_cluster(look) {
        numbers[row.state as usize] += 1;
    }
    let states = Is::ALL.into_iter().zip(numbers);
    let some = states.filter(|(_, number)| *number > 0);
    some.map(|(state, number)| StateCount {
        state,
        number,
        link: ask.link(LIST, &[("state", state.slug()), ("page", "")]),
    })
    .collect()
}

fn choices(ask: &Ask) -> Vec<Choice> {
    let asked = ask.get("state");
    let beside = [("", "any"), ("attention", "needs a person")];
    let states = Is::ALL.map(|state| (state.slug(), state.word()));
    let all = beside.into_iter().chain(states);
    all.map(|(value, word)| Choice::of(value, word, asked))
        .collect()
}

fn headings(ask: &Ask, order: Order, reversed: bool) -> Vec<Heading> {
    let columns = [
        ("Cluster", Some(Order::Name)),
        ("State", Some(Order::State)),
        ("Secrets", Some(Order::Secrets)),
        ("Findings", Some(Order::Findings)),
        ("Looked at", None),
        ("Last success", Some(Order::Success)),
        ("Mode", None),
    ];
    let heading = |(word, by): (&'static str, Option<Order>)| {
        let Some(by) = by else {
            return Heading {
                word,
                link: String::new(),
                sorted: "",
            };
        };
        let is_it = by == order;
        let slug = by.slug();
        let next = if is_it && !reversed {
            format!("-{slug}")
        } else {
            slug.to_owned()
        };
        Heading {
            word,
            link: ask.link(LIST, &[("sort", &next), ("page", "")]),
            sorted: match (is_it, reversed) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    };
    columns.into_iter().map(heading).collect()
}

/// What it is about, and where more is said of it.
fn about(attention: &Attention) -> (String, String) {
    match &attention.about {
        About::Git => ("git".to_owned(), String::new()),
        About::Revision => ("git".to_owned(), "/held".to_owned()),
        About::Declarations => ("declarations".to_owned(), "/problems".to_owned()),
        About::Scope(scope) => (scope.to_string(), scope_link(scope)),
    }
}

/// In a word or two, for a column.
fn mode_word(row: &ClusterRow<'_>) -> &'static str {
    match (row.misdeclared, row.known.map(|it| &it.passes.permission)) {
        (Some(_), _) => "not looked at",
        (None, Some(Permission::ReportOnly { .. })) => "looks only",
        (None, Some(Permission::Apply) | None) => "applies",
    }
}

/// The same in full.
fn mode_of(row: &ClusterRow<'_>) -> String {
    match (row.misdeclared, row.known) {
        (Some(misdeclared), _) => misdeclared.to_string(),
        (None, known) => known.map_or_else(String::new, |it| mode(&it.passes)),
    }
}
