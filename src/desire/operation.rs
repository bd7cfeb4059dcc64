//! Whether and when what is wanted may be written: the fleet's word and the cluster's, put together.
//!
//! The fleet holds all of its clusters, and what they share; a cluster may be stricter, and never laxer.

use crate::declare::{Mode, OperationSpec, Suspend, Suspended};
use crate::diagnostics::Place;
use crate::schedule::{Closed, Gate, Windows};
use jiff::Timestamp;
use std::fmt;

/// What is done about the differences of a cluster, or of what clusters share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub mode: Mode,
    pub suspended: Option<Suspended>,
    pub windows: Windows,
}

/// Why nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    Suspended(Suspended),
    /// `mode: report`, and where that is said.
    ReportOnly {
        place: Place,
    },
    Windows {
        why: Closed,
        /// When that ends; `None` where that is not in sight.
        until: Option<Timestamp>,
    },
}

impl Operation {
    /// Of what the clusters share.
    pub(super) fn of_fleet(fleet: &OperationSpec) -> Self {
        let OperationSpec {
            mode,
            suspend,
            sync_windows,
        } = fleet.clone();
        Self {
            mode: mode.unwrap_or(Mode::Apply),
            suspended: match suspend {
                Some(Suspend::Yes(suspended)) => Some(suspended),
                Some(Suspend::No) | None => None,
            },
            windows: Windows::of(sync_windows.unwrap_or_default()),
        }
    }

    /// Of one cluster.
    pub(super) fn of_cluster(fleet: &OperationSpec, cluster: &OperationSpec) -> Self {
        let (fleet, cluster) = (Self::of_fleet(fleet), Self::of_fleet(cluster));
        Self {
            mode: match fleet.mode {
                Mode::Report { .. } => fleet.mode,
                Mode::Apply => cluster.mode,
            },
            suspended: fleet.suspended.or(cluster.suspended),
            windows: fleet.windows.and(&cluster.windows),
        }
    }
}

/// Whether something may be written now: the first of what forbids it, from what only git can lift to what passes.
pub fn may_write(operation: &Operation, now: Timestamp) -> Result<(), WhyNot> {
    let Operation {
        mode,
        suspended,
        windows,
    } = operation;
    if let Some(suspended) = suspended {
        return Err(WhyNot::Suspended(suspended.clone()));
    }
    if let Mode::Report { place } = mode {
        let place = place.clone();
        return Err(WhyNot::ReportOnly { place });
    }
    match windows.at(now) {
        Gate::Open => Ok(()),
        Gate::Closed { until, why } => Err(WhyNot::Windows { why, until }),
    }
}

impl WhyNot {
    /// Where it is said; windows have no single place.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Suspended(Suspended { place, .. }) | Self::ReportOnly { place } => Some(place),
            Self::Windows { .. } => None,
        }
    }

    /// When that ends by itself.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Suspended(_) | Self::ReportOnly { .. } => None,
            Self::Windows { until, .. } => *until,
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suspended(Suspended { reason: None, .. }) => formatter.write_str("suspended"),
            Self::Suspended(Suspended {
                reason: Some(reason),
                ..
            }) => write!(formatter, "suspended: {reason}"),
            Self::ReportOnly { .. } => formatter.write_str("`mode: report`: only reported"),
            Self::Windows { why, until } => {
                let until = until.map(|until| until.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
                let until = until.unwrap_or_else(|| "no time in sight".to_owned());
                write!(formatter, "{why}; writing begins again at {until}")
            }
        }
    }
}
