use super::Error;

/// How much of a repository is read before it is taken for a mistake or an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file. A bigger file is a problem at its path; the rest is still read.
    pub file_bytes: u64,
    /// Number of wanted files. Ten times as many directories and unwanted files may be passed on the way.
    pub files: u64,
    /// Segments of one path.
    pub depth: u64,
    /// Bytes of all wanted files together.
    pub total_bytes: u64,
    /// Bytes received from a server in one fetch, compressed as they arrive.
    pub fetch_bytes: u64,
    /// Seconds from the start of a fetch to its end, connecting included.
    pub fetch_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 20,
            files: 20_000,
            depth: 32,
            total_bytes: 64 << 20,
            fetch_bytes: 256 << 20,
            fetch_seconds: 120,
        }
    }
}

impl Limits {
    /// Changes one limit by its name, as in `files=50000`: the value of one `--git-limit`.
    pub fn set(&mut self, setting: &str) -> Result<(), Error> {
        let fail = |why: &str| Error::Setting {
            setting: setting.to_owned(),
            why: why.to_owned(),
        };
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| fail("write NAME=NUMBER"))?;
        let field = match name.trim() {
            "file_bytes" => &mut self.file_bytes,
            "files" => &mut self.files,
            "depth" => &mut self.depth,
            "total_bytes" => &mut self.total_bytes,
            "fetch_bytes" => &mut self.fetch_bytes,
            "fetch_seconds" => &mut self.fetch_seconds,
            _ => {
                return Err(fail(
                    "the limits are file_bytes, files, depth, total_bytes, fetch_bytes and fetch_seconds",
                ));
            }
        };
        *field = value
            .trim()
            .parse()
            .map_err(|_| fail("the value is a whole number"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_set_by_its_name() {
        let mut limits = Limits::default();
        limits.set("files=50000").unwrap();
        assert_eq!(
            limits,
            Limits {
                files: 50_000,
                ..Limits::default()
            }
        );
    }

    #[test]
    fn a_wrong_setting_says_what_would_be_right() {
        let mut limits = Limits::default();
        let said = |limits: &mut Limits, s: &str| limits.set(s).unwrap_err().to_string();
        assert!(said(&mut limits, "file=1").contains("file_bytes, files"));
        assert!(said(&mut limits, "files=many").contains("whole number"));
        assert!(said(&mut limits, "files").contains("NAME=NUMBER"));
        assert_eq!(limits, Limits::default());
    }
}
