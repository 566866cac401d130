//! The certificate of `transom demo --tls`: made anew at each start, for this machine alone. Its key never
//! leaves the process; the certificate is a file that commands can name, for as long as the demo runs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::listener::{Clients, Tls};

/// Whose it is.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot use the certificate that was made: {0}")]
    Use(#[from] crate::listener::TlsError),
    #[error("cannot write the certificate to {path}: {cause}", path = .0.display(), cause = .1)]
    Write(PathBuf, io::Error),
}

/// The certificate's file; removed when this is dropped.
#[derive(Debug)]
pub(super) struct Certificate(PathBuf);

impl Certificate {
    /// Makes one, and what a listener needs of it.
    pub(super) fn make() -> Result<(Self, Tls), Error> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(NAMES.map(str::to_owned))?;
        let (pem, key) = (cert.pem(), signing_key.serialize_pem());
        let tls = Tls::new(pem.as_bytes(), key.as_bytes(), Clients::Unasked)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let number = now.map_or(0, |now| now.as_nanos());
        let name = format!("transom-demo-{}-{number}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Nobody else's file, and through nobody's link.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(pem.as_bytes()))
            .map_err(|error| Error::Write(path.clone(), error))?;
        Ok((Self(path), tls))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // it is of no use to anybody any more
    }
}
