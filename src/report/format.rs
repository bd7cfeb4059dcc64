//! The forms in which a report is printed, or written to a file.

/// One form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    Text,
    Markdown,
    Html,
    Json,
    Junit,
    Sarif,
}

impl Format {
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Json,
        Self::Junit,
        Self::Sarif,
    ];

    /// How the name of a file in this form ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "junit.xml",
            Self::Sarif => "sarif",
        }
    }
}
