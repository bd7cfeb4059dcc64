//! Where a report goes: to stdout in one form, and to files in any.

use super::ui;
use crate::report::Format;
use anyhow::Context;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Outputs {
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Also write the report in this form to this file (can be repeated)
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_file)]
    out: Vec<(Format, PathBuf)>,
}

fn output_file(text: &str) -> Result<(Format, PathBuf), String> {
    let names = "text, markdown, html, json, junit or sarif";
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| {
            format!("write FORMAT=FILE, with {names} as the format: html=report.html")
        })?;
    let format = <Format as clap::ValueEnum>::from_str(format, false)
        .map_err(|_| format!("`{format}` is not one of {names}"))?;
    Ok((format, PathBuf::from(file)))
}

impl Outputs {
    /// Opens the files. Before anything is looked at: that one cannot be written is better known then.
    pub(super) fn open(&self) -> anyhow::Result<Opened<'_>> {
        let outs = self.out.iter();
        let files = outs.map(|(format, path)| Ok((*format, Out::open(path)?)));
        Ok(Opened {
            output: self.output,
            files: files.collect::<anyhow::Result<_>>()?,
        })
    }
}

/// Outputs that are ready to be written.
pub(super) struct Opened<'a> {
    output: Format,
    files: Vec<(Format, Out<'a>)>,
}

impl Opened<'_> {
    /// `text` is for the terminal that it is printed to; every other form is the same everywhere.
    pub(super) fn write(
        self,
        text: impl FnOnce() -> String,
        render: impl Fn(Format) -> String,
    ) -> anyhow::Result<()> {
        if self.output == Format::Text {
            ui::data(&text());
        } else {
            ui::data(&render(self.output));
        }
        for (format, out) in self.files {
            out.write(&render(format))?;
        }
        Ok(())
    }
}

/// A file that a result goes to: opened before any server is asked, written when it is there.
pub(super) struct Out<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Out<'a> {
    pub(super) fn open(path: &'a Path) -> anyhow::Result<Self> {
        // What it holds is kept until there is something to put in its place.
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let file = options.open(path).with_context(|| failed(path))?;
        Ok(Self { path, file })
    }

    pub(super) fn write(mut self, text: &str) -> anyhow::Result<()> {
        let mut replace = || {
            // A pipe has no length to set.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
            self.file.write_all(text.as_bytes())
        };
        replace().with_context(|| failed(self.path))
    }
}

fn failed(path: &Path) -> String {
    format!("failed to write {}", path.display())
}
