//! The process itself, as Linux knows it; nothing where there is no `/proc`. Names as in every Prometheus client.

use super::{Sheet, catalogue};
use std::fmt;
use std::fs::{read_dir, read_to_string};

/// `USER_HZ`: 100 on every Linux that keyfleet is built for, whatever the kernel counts in.
const TICKS: f64 = 100.0;

pub(super) fn write(sheet: &mut Sheet<'_>) -> fmt::Result {
    let stat = read_to_string("/proc/self/stat").ok();
    let stat = stat.as_deref().and_then(Stat::parse);
    let cpu = stat.as_ref().map(|stat| (Vec::new(), stat.cpu_seconds));
    sheet.counter(&catalogue::PROCESS_CPU, cpu)?;
    sheet.single(&catalogue::PROCESS_MEMORY, resident())?;
    let open = read_dir("/proc/self/fd").ok();
    // One of them is this very directory.
    sheet.single(
        &catalogue::PROCESS_FDS,
        open.map(|open| open.count().saturating_sub(1)),
    )?;
    let most = rlimit::Resource::NOFILE.get().ok();
    sheet.single(&catalogue::PROCESS_MOST_FDS, most.map(|(soft, _)| soft))?;
    let began = stat.and_then(|stat| Some(booted()? + stat.start_seconds));
    sheet.single(&catalogue::PROCESS_START, began)
}

struct Stat {
    cpu_seconds: f64,
    /// Since the machine was started.
    start_seconds: f64,
}

impl Stat {
    /// The name of the command is in brackets and may hold anything, brackets too.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // proc(5) counts from 1, with the process id and the name before these.
        let ticks = |field: usize| -> Option<f64> { fields.get(field - 3)?.parse().ok() };
        Some(Self {
            cpu_seconds: (ticks(14)? + ticks(15)?) / TICKS,
            start_seconds: ticks(22)? / TICKS,
        })
    }
}

fn resident() -> Option<u64> {
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// When the machine was started.
fn booted() -> Option<f64> {
    let stat = read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_command_with_brackets_in_its_name_is_read_past() {
        let fields = "R 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 8 0 4200 1000000 2000";
        let stat = Stat::parse(&format!("77 (a) b (c)) {fields}")).unwrap();
        assert!((stat.cpu_seconds - 3.0).abs() < 1e-9);
        assert!((stat.start_seconds - 42.0).abs() < 1e-9);
        assert!(Stat::parse("").is_none() && Stat::parse("1 (x) R").is_none());
    }
}
