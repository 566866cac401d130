//! The files of TLS: named together by keys or flags, read once it is known that somebody serves.
//!
//! They are not read with the configuration itself, since who only looks at a schema need not be
//! allowed to read a private key.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;

use super::load::{self, FileError};
use super::raw::{ClientCertificates, Key, Tls};
use crate::listener::{self, Clients, Part};

/// What becomes a [`listener::Tls`].
#[derive(Clone, Debug)]
pub(super) struct Files {
    certificate: PemFile,
    key: PemFile,
    clients: Option<(PemFile, ClientCertificates)>,
}

/// One file, and who named it.
#[derive(Clone)]
struct PemFile {
    path: PathBuf,
    part: Part,
    /// Where the configuration file names it; unknown if a flag did.
    place: Location,
}

/// A combination of keys and flags that says too little.
#[derive(Debug)]
pub(super) struct Incomplete {
    /// Where the configuration file has what is there; unknown if that came by flags.
    pub(super) place: Location,
    pub(super) key: &'static str,
    pub(super) message: String,
}

impl Files {
    /// The files of a section, if it is there.
    pub(super) fn named(section: &Key<Tls>) -> Result<Option<Self>, Incomplete> {
        let Some(tls) = &section.value else {
            return Ok(None);
        };
        let file = |key: &Key<PathBuf>, part| {
            let path = key.value.clone()?;
            let place = key.place;
            Some(PemFile { path, part, place })
        };
        let certificate = file(&tls.certificate, Part::Certificate);
        let key = file(&tls.key, Part::Key);
        let client_ca = file(&tls.client_ca, Part::ClientCa);
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(certificate), None) => return Err(certificate.lacks(&[Part::Key])),
            (None, Some(key)) => return Err(key.lacks(&[Part::Certificate])),
            (None, None) => {
                let parts = &[Part::Certificate, Part::Key];
                return Err(match client_ca {
                    Some(client_ca) => client_ca.lacks(parts),
                    None => Incomplete {
                        place: section.place,
                        key: "tls",
                        message: "the keys `certificate` and `key` are missing".to_owned(),
                    },
                });
            }
        };
        let chosen = &tls.client_certificates;
        if client_ca.is_none() && !chosen.is_absent() {
            return Err(Incomplete {
                place: chosen.place,
                key: "tls.client_certificates",
                message: "found it without `client_ca`, expected them together".to_owned(),
            });
        }
        let chosen = chosen.or(ClientCertificates::Required);
        Ok(Some(Self {
            certificate,
            key,
            clients: client_ca.map(|file| (file, chosen)),
        }))
    }

    /// What is in them; `config` is the file whose keys name some of them.
    pub(super) fn read(&self, config: Option<&Path>) -> Result<listener::Tls, FileError> {
        let certificate = self.certificate.read(config)?;
        let key = self.key.read(config)?;
        let clients = match &self.clients {
            None => None,
            Some((file, chosen)) => Some((file.read(config)?, *chosen)),
        };
        let clients = match &clients {
            None => Clients::Unasked,
            Some((pem, ClientCertificates::Optional)) => Clients::Optional(pem),
            Some((pem, ClientCertificates::Required)) => Clients::Required(pem),
        };
        listener::Tls::new(&certificate, &key, clients).map_err(|error| {
            let file = match (error.part, &self.clients) {
                (Part::ClientCa, Some((file, _))) => file,
                (Part::Key, _) => &self.key,
                (Part::Certificate | Part::ClientCa, _) => &self.certificate,
            };
            file.error(config, &error.to_string())
        })
    }
}

impl PemFile {
    fn read(&self, config: Option<&Path>) -> Result<Vec<u8>, FileError> {
        load::bytes(&self.path).map_err(|message| self.error(config, &message))
    }

    fn error(&self, config: Option<&Path>, message: &str) -> FileError {
        match config.filter(|_| self.is_of_a_key()) {
            Some(config) => {
                let key = format!("tls.{}", key_of(self.part));
                let message = format!("{}: {message}", self.path.display());
                FileError::at(config, self.place, &key, message)
            }
            None => {
                let flag = flag_of(self.part);
                FileError::at(&self.path, Location::UNKNOWN, flag, message.to_owned())
            }
        }
    }

    /// This one is there, and others are not: in the words of who named it.
    fn lacks(&self, parts: &[Part]) -> Incomplete {
        let name = |part| {
            if self.is_of_a_key() {
                format!("`{}`", key_of(part))
            } else {
                flag_of(part).to_owned()
            }
        };
        let others: Vec<_> = parts.iter().map(|part| name(*part)).collect();
        let (this, others) = (name(self.part), others.join(" and "));
        Incomplete {
            place: self.place,
            key: "tls",
            message: format!("found {this} without {others}, expected them together"),
        }
    }

    fn is_of_a_key(&self) -> bool {
        self.place.line() > 0
    }
}

/// Without its place in the file: what is configured is the same wherever it stands.
impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.part, self.path)
    }
}

const fn key_of(part: Part) -> &'static str {
    match part {
        Part::Certificate => "certificate",
        Part::Key => "key",
        Part::ClientCa => "client_ca",
    }
}

const fn flag_of(part: Part) -> &'static str {
    match part {
        Part::Certificate => "--tls-certificate",
        Part::Key => "--tls-key",
        Part::ClientCa => "--tls-client-ca",
    }
}
