use crate::serve::board::ReportMade;
use crate::serve::kept::{self, Kept};
use crate::serve::web::Counters;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

const SCHEMA: &str = "keyfleet.dev/reports/v1";

/// Which reports were made, and what became of them: for people, nothing follows from it.
pub(super) struct History {
    file: Kept,
}

#[derive(Serialize, Deserialize)]
struct Text<'r> {
    schema: Cow<'r, str>,
    reports: Cow<'r, [ReportMade]>,
}

impl History {
    pub(super) fn new(data: &Path, counters: Arc<Counters>) -> Self {
        Self {
            file: Kept::new(data, "reports.json", counters),
        }
    }

    pub(super) fn load(&self) -> Vec<ReportMade> {
        let text: Option<Text<'_>> = kept::read(self.file.path(), SCHEMA).unwrap_or_default();
        text.map_or_else(Vec::new, |text| text.reports.into_owned())
    }

    pub(super) fn keep(&self, reports: &[ReportMade]) {
        self.file.write(serde_json::to_string(&Text {
            schema: SCHEMA.into(),
            reports: reports.into(),
        }));
    }
}
