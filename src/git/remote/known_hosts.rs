use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use git2::cert::Cert;
use git2::{CertificateCheckStatus, ErrorClass, ErrorCode};

/// Decides whether an ssh server is who it should be. There is no "trust on first use".
///
/// Without a file of one's own, libgit2 looks into `~/.ssh/known_hosts` itself, hashed names included.
pub(super) struct HostCheck {
    host: String,
    port: Option<u16>,
    /// A file of one's own, by its path, and what it holds.
    file: Option<(PathBuf, String)>,
    offered: Option<String>,
    verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Known,
    Revoked,
    /// The file has the host with other keys only.
    Changed,
    Unknown,
}

impl HostCheck {
    pub(super) fn new(host: String, port: Option<u16>, file: Option<(PathBuf, String)>) -> Self {
        Self {
            host,
            port,
            file,
            offered: None,
            verdict: None,
        }
    }

    pub(super) fn check(
        &mut self,
        certificate: &Cert<'_>,
    ) -> Result<CertificateCheckStatus, git2::Error> {
        let refuse = || {
            git2::Error::new(
                ErrorCode::Certificate,
                ErrorClass::Ssh,
                "the host key is not trusted",
            )
        };
        let key = certificate.as_hostkey().ok_or_else(refuse)?;
        let kind = key.hostkey_type().map_or("unknown", |kind| kind.name());
        let print = key
            .hash_sha256()
            .map(|hash| STANDARD_NO_PAD.encode(hash))
            .unwrap_or_default();
        self.offered = Some(format!("the server offers {kind} SHA256:{print}"));
        let Some((_, file)) = &self.file else {
            return Ok(CertificateCheckStatus::CertificatePassthrough);
        };
        let verdict = verdict(
            file,
            &self.host,
            self.port,
            key.hostkey().ok_or_else(refuse)?,
        );
        self.verdict = Some(verdict);
        if verdict == Verdict::Known {
            Ok(CertificateCheckStatus::CertificateOk)
        } else {
            Err(refuse())
        }
    }

    /// What was offered and what to do about it, when the host was not trusted.
    pub(super) fn refused(&self, certificate_error: bool) -> Option<(String, String)> {
        let offered = self.offered.clone()?;
        let verdict = match self.verdict {
            Some(Verdict::Known) => return None,
            None if !certificate_error => return None,
            verdict => verdict,
        };
        let file = match &self.file {
            Some((path, _)) => path.display().to_string(),
            None => "~/.ssh/known_hosts".to_owned(),
        };
        let why = match verdict {
            Some(Verdict::Revoked) => format!("{file} has revoked this key"),
            Some(Verdict::Changed) => format!("{file} has other keys for this host"),
            Some(_) => {
                format!("{file} does not have this host (names in it that are hashed are not read)")
            }
            None => format!("{file} does not have this key for this host"),
        };
        let scan = match self.port {
            Some(port) => format!("ssh-keyscan -p {port} {}", self.host),
            None => format!("ssh-keyscan {}", self.host),
        };
        let hint = format!(
            "compare the fingerprint with one from the server's owner, then add all of its keys with `{scan}`"
        );
        Some((format!("{offered}, and {why}"), hint))
    }
}

/// What a known hosts file says of a key. `@cert-authority` lines and hashed names decide nothing.
fn verdict(file: &str, host: &str, port: Option<u16>, key: &[u8]) -> Verdict {
    let name = match port {
        Some(port) if port != 22 => format!("[{host}]:{port}"),
        _ => host.to_owned(),
    };
    let mut verdict = Verdict::Unknown;
    for line in file.lines() {
        let mut words = line.split_whitespace().peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        let (Some(names), Some(_kind), Some(encoded)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if names.starts_with('#') || !names_match(names, &name) {
            continue;
        }
        let same = STANDARD.decode(encoded).is_ok_and(|known| known == key);
        match (marker, same) {
            (Some("@revoked"), true) => return Verdict::Revoked,
            (None, true) => verdict = Verdict::Known,
            (None, false) if verdict == Verdict::Unknown => verdict = Verdict::Changed,
            _ => {}
        }
    }
    verdict
}

/// A comma separated list with `*` and `?`; a name after `!` that matches takes the host out of the line.
fn names_match(list: &str, name: &str) -> bool {
    let mut matched = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(not) if glob(not.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => matched |= glob(pattern.as_bytes(), name.as_bytes()),
        }
    }
    matched
}

/// Linear in practice: a star that fails later is retried from one byte further.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut retry) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, from)) = retry else {
                    return false;
                };
                retry = Some((star, from + 1));
                (p, n) = (star + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    // "key" and "other" in base64.
    const FILE: &str = "\
# git.example ssh-ed25519 a2V5
git.example,192.0.2.1 ssh-ed25519 a2V5
[git.example]:2222 ssh-rsa b3RoZXI=
*.corp.example,!old.corp.example ssh-rsa a2V5
@revoked bad.example ssh-rsa a2V5
bad.example ssh-rsa a2V5
@cert-authority ca.example ssh-rsa a2V5
broken.example
";

    #[test]
    fn a_key_is_known_only_for_its_host_and_port() {
        let says = |host, port, key: &[u8]| verdict(FILE, host, port, key);
        assert_eq!(says("git.example", None, b"key"), Verdict::Known);
        assert_eq!(says("git.example", Some(22), b"key"), Verdict::Known);
        assert_eq!(says("192.0.2.1", None, b"key"), Verdict::Known);
        assert_eq!(says("git.example", None, b"other"), Verdict::Changed);
        assert_eq!(says("git.example", Some(2222), b"key"), Verdict::Changed);
        assert_eq!(says("git.example", Some(2223), b"key"), Verdict::Unknown);
        assert_eq!(says("else.example", None, b"key"), Verdict::Unknown);
    }

    #[test]
    fn patterns_exceptions_and_markers_mean_what_openssh_means_by_them() {
        let says = |host| verdict(FILE, host, None, b"key");
        assert_eq!(says("git.corp.example"), Verdict::Known);
        assert_eq!(says("old.corp.example"), Verdict::Unknown);
        assert_eq!(says("corp.example"), Verdict::Unknown);
        assert_eq!(says("bad.example"), Verdict::Revoked);
        assert_eq!(says("ca.example"), Verdict::Unknown);
        assert_eq!(says("broken.example"), Verdict::Unknown);
    }
}
