//! `clusterSelector`: clusters by their labels, as Kubernetes selects.

use super::document::text_map;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;
use std::fmt;

/// Which clusters are meant; all of them, without a condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Selector(Vec<Requirement>);

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "clusterSelector", problems)?;
        // An empty one would select every cluster, in silence.
        for key in ["matchLabels", "matchExpressions"] {
            fields.filled(key, problems);
        }
        let labels = text_map(&mut fields, "matchLabels", problems);
        let expressions = fields.list("matchExpressions", problems);
        fields.finish(problems);
        let expressions: Vec<_> = expressions
            .iter()
            .map(|item| expression(item, problems))
            .collect();
        let labels = labels.into_iter().map(|(key, value)| Requirement {
            key,
            operator: Operator::In,
            values: vec![value],
        });
        let expressions: Option<Vec<_>> = expressions.into_iter().collect();
        let mut requirements: Vec<_> = labels.chain(expressions?).collect();
        // Their order means nothing.
        requirements.sort();
        Some(Self(requirements))
    }

    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// Whether all that `other` selects is selected. `false` when that cannot be shown.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|own| other.0.contains(own))
    }

    /// Whether every cluster is meant, whatever its labels.
    pub fn is_every(&self) -> bool {
        self.0.is_empty()
    }
}

/// As kubectl writes it: `env=prod,region in (eu,us),!old`.
impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (
            number,
            Requirement {
                key,
                operator,
                values,
            },
        ) in self.0.iter().enumerate()
        {
            if number > 0 {
                formatter.write_str(",")?;
            }
            let values = values.join(",");
            match operator {
                Operator::In if self.0[number].values.len() == 1 => {
                    write!(formatter, "{key}={values}")?;
                }
                Operator::In => write!(formatter, "{key} in ({values})")?,
                Operator::NotIn => write!(formatter, "{key} notin ({values})")?,
                Operator::Exists => formatter.write_str(key)?,
                Operator::DoesNotExist => write!(formatter, "!{key}")?,
            }
        }
        Ok(())
    }
}

impl Requirement {
    /// As Kubernetes evaluates selectors: `NotIn` also holds without the label.
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

fn expression(node: &Node, problems: &mut Diagnostics) -> Option<Requirement> {
    let mut fields = Fields::of(node, "an entry of `matchExpressions`", problems)?;
    let key = fields
        .required("key", problems)
        .and_then(|node| node.text("`key`", problems));
    let operator = fields
        .required("operator", problems)
        .and_then(|node| read_operator(node, problems));
    let place = fields.place_of("values");
    let values: Vec<String> = fields
        .list("values", problems)
        .iter()
        .filter_map(|item| item.text("a value", problems).map(str::to_owned))
        .collect();
    fields.finish(problems);
    let (key, operator) = key.zip(operator)?;
    let wrong = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => "this operator needs `values`",
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            "this operator takes no `values`"
        }
        _ => "",
    };
    if !wrong.is_empty() {
        problems
            .push(Diagnostic::error(&place, wrong).hint(
                "In and NotIn compare with a list of values, Exists and DoesNotExist do not",
            ));
        return None;
    }
    Some(Requirement {
        key: key.to_owned(),
        operator,
        values,
    })
}

fn read_operator(node: &Node, problems: &mut Diagnostics) -> Option<Operator> {
    match node.text("`operator`", problems)? {
        "In" => Some(Operator::In),
        "NotIn" => Some(Operator::NotIn),
        "Exists" => Some(Operator::Exists),
        "DoesNotExist" => Some(Operator::DoesNotExist),
        other => {
            problems.push(
                Diagnostic::error(&node.place, format!("`{other}` is not an operator"))
                    .hint("write In, NotIn, Exists or DoesNotExist"),
            );
            None
        }
    }
}
