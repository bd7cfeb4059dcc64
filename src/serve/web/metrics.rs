//! `/metrics`, in OpenMetrics text.
//!
//! Promises: every name, kind and label is in `catalogue.rs` and in `docs/metrics.md`, and nowhere else. A label is one of a few
//! words, or the name of a schedule, a sink, a Vault or a cluster; of the last there are at most so many. What left the
//! repository leaves the series. Nothing here waits for anything.
//!
//! Deliberately absent: labels with a Secret, a path, a message or an address in them.

pub mod catalogue;
mod counters;
mod fleet;
mod process;

pub use counters::{Counters, ReportResult, WebhookResult};

use super::super::Board;
use catalogue::{Kind, Metric};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub(super) const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The labels of one sample, in the order of the catalogue.
type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// Everything that is told to a scraper.
pub(super) struct Scrape(Registry);

impl Scrape {
    pub(super) fn new(board: Arc<Board>, counters: Arc<Counters>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Everything { board, counters }));
        Self(registry)
    }

    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

struct Everything {
    board: Arc<Board>,
    counters: Arc<Counters>,
}

/// The library asks for it; what is inside is told by `/metrics`.
impl fmt::Debug for Everything {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Everything")
    }
}

impl Collector for Everything {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let known = self.board.read();
        let mut sheet = Sheet(encoder);
        sheet.info(&catalogue::BUILD_INFO, env!("CARGO_PKG_VERSION"))?;
        fleet::write(&mut sheet, &known, jiff::Timestamp::now())?;
        self.counters.write(&mut sheet, &known)?;
        process::write(&mut sheet)
    }
}

/// Where samples are written, each under its entry of the catalogue.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    /// One sample for each set of labels; none of them is an entry without samples.
    fn gauge<V: EncodeGaugeValue>(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut encoder = self
            .0
            .encode_descriptor(metric.family(), metric.help, None, kind)?;
        for (labels, value) in samples {
            encoder.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// One without labels, where it is known.
    fn single<V: EncodeGaugeValue>(
        &mut self,
        metric: &'static Metric,
        value: Option<V>,
    ) -> fmt::Result {
        self.gauge(metric, value.map(|value| (Vec::new(), value)))
    }

    fn counter<V: EncodeCounterValue>(
        &mut self,
        metric: &'static Metric,
        samples: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut encoder = self
            .0
            .encode_descriptor(metric.family(), metric.help, None, kind)?;
        for (labels, value) in samples {
            let mut sample = encoder.encode_family(&labels)?;
            sample.encode_counter::<Labels, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn info(&mut self, metric: &'static Metric, value: &str) -> fmt::Result {
        let kind = MetricType::Info;
        let mut encoder = self
            .0
            .encode_descriptor(metric.family(), metric.help, None, kind)?;
        encoder.encode_info(&metric.labels([Cow::Owned(value.to_owned())]))
    }

    /// One that the library counts.
    fn counted(&mut self, metric: &'static Metric, counted: &impl EncodeMetric) -> fmt::Result {
        let kind = match metric.kind {
            Kind::Gauge => MetricType::Gauge,
            Kind::Counter => MetricType::Counter,
            Kind::Histogram => MetricType::Histogram,
            Kind::Info => MetricType::Info,
        };
        let encoder = self
            .0
            .encode_descriptor(metric.family(), metric.help, None, kind)?;
        counted.encode(encoder)
    }
}
