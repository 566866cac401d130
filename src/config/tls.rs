//! The files of TLS: named together by keys or flags, read once it is known that somebody serves.
//!
//! They are not read with the configuration itself, since who only looks at a schema need not be
//! allowed to read a private key.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Location;

use super::load::FileError;
use super::raw::{ClientCertificates, Key, MinimumVersion, Tls, UnknownNames};
use crate::listener::{self, Asked, Choices, Part, TlsError, Unknown, Version};

/// What becomes a [`listener::Tls`].
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// Certificates and their keys.
    identities: Vec<(PemFile, PemFile)>,
    client_ca: Option<PemFile>,
    client_crl: Option<PemFile>,
    choices: Choices,
}

/// One file, and who named it.
#[derive(Clone)]
struct PemFile {
    path: PathBuf,
    /// The key of `tls` that names it.
    key: String,
    /// The flag that does.
    flag: &'static str,
    /// Where the configuration file names it; unknown if the flag did.
    place: Location,
}

/// A combination of keys and flags that says too little.
#[derive(Debug)]
pub(super) struct Incomplete {
    /// Where the configuration file has what is there; unknown if that came by flags.
    pub(super) place: Location,
    pub(super) key: String,
    pub(super) message: String,
}

impl Files {
    /// The files of a section, if it is there.
    pub(super) fn named(section: &Key<Tls>) -> Result<Option<Self>, Incomplete> {
        let Some(tls) = &section.value else {
            return Ok(None);
        };
        let client_ca = PemFile::named(&tls.client_ca, "client_ca", "--tls-client-ca");
        let client_crl = PemFile::named(&tls.client_crl, "client_crl", "");
        let mut identities = Vec::new();
        identities.extend(identity("tls", "", &tls.certificate, &tls.key)?);
        for (index, pair) in tls.certificates.iter().enumerate() {
            let within = format!("certificates[{index}]");
            let named = format!("tls.{within}");
            let pair = &pair.value;
            let pair = identity(&named, &format!("{within}."), &pair.certificate, &pair.key)?;
            identities.push(pair.ok_or_else(|| {
                Incomplete {
                    place: tls
                        .certificates
                        .get(index)
                        .map_or(section.place, |pair| pair.defined),
                    key: named,
                    message: "the keys `certificate` and `key` are missing".to_owned(),
                }
            })?);
        }
        if identities.is_empty() {
            return Err(match client_ca {
                Some(client_ca) => client_ca.lacks(
                    "tls",
                    "`certificate` and `key`",
                    "--tls-certificate and --tls-key",
                ),
                None => Incomplete {
                    place: section.place,
                    key: "tls".to_owned(),
                    message: "the keys `certificate` and `key` are missing".to_owned(),
                },
            });
        }
        let chosen = &tls.client_certificates;
        let alone = [
            ("client_certificates", chosen.place, chosen.is_absent()),
            (
                "client_crl",
                tls.client_crl.place,
                tls.client_crl.is_absent(),
            ),
        ];
        if client_ca.is_none()
            && let Some((key, place, _)) = alone.into_iter().find(|(_, _, is_absent)| !is_absent)
        {
            return Err(Incomplete {
                place,
                key: format!("tls.{key}"),
                message: "found it without `client_ca`, expected them together".to_owned(),
            });
        }
        let clients = match (&client_ca, chosen.or(ClientCertificates::Required)) {
            (None, _) => Asked::Nobody,
            (Some(_), ClientCertificates::Optional) => Asked::Optional,
            (Some(_), ClientCertificates::Required) => Asked::Required,
        };
        let minimum = match tls.min_version.or(MinimumVersion::Tls12) {
            MinimumVersion::Tls12 => Version::Tls12,
            MinimumVersion::Tls13 => Version::Tls13,
        };
        let unknown = match tls.unknown_names.or(UnknownNames::First) {
            UnknownNames::First => Unknown::First,
            UnknownNames::Refuse => Unknown::Refuse,
        };
        Ok(Some(Self {
            identities,
            client_ca,
            client_crl,
            choices: Choices {
                clients,
                minimum,
                unknown,
            },
        }))
    }

    /// What is in them; `config` is the file whose keys name some of them.
    pub(super) fn read(&self, config: Option<&Path>) -> Result<listener::Tls, FileError> {
        let path = |file: &Option<PemFile>| file.as_ref().map(|file| file.path.clone());
        let identities = self.identities.iter();
        let files = listener::Files {
            identities: identities
                .map(|(certificate, key)| (certificate.path.clone(), key.path.clone()))
                .collect(),
            client_ca: path(&self.client_ca),
            client_crl: path(&self.client_crl),
        };
        let tls = listener::Tls::open(files, self.choices);
        tls.map_err(|error| self.error(&error, config))
    }

    /// What is wrong with a part, and where it is named.
    pub(super) fn error(&self, error: &TlsError, config: Option<&Path>) -> FileError {
        let pair = |index: usize| self.identities.get(index);
        let file = match error.part {
            Part::Certificate(index) => pair(index).map(|pair| &pair.0),
            Part::Key(index) => pair(index).map(|pair| &pair.1),
            Part::ClientCa => self.client_ca.as_ref(),
            Part::ClientCrl => self.client_crl.as_ref(),
        };
        let message = error.to_string();
        match file {
            Some(file) => file.error(config, &message),
            None => FileError::at(Path::new(""), Location::UNKNOWN, "tls", message),
        }
    }
}

/// A certificate with its key, if they are named.
fn identity(
    section: &str,
    within: &str,
    certificate: &Key<PathBuf>,
    key: &Key<PathBuf>,
) -> Result<Option<(PemFile, PemFile)>, Incomplete> {
    let certificate = PemFile::named(
        certificate,
        &format!("{within}certificate"),
        "--tls-certificate",
    );
    let key = PemFile::named(key, &format!("{within}key"), "--tls-key");
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (Some(certificate), None) => Err(certificate.lacks(section, "`key`", "--tls-key")),
        (None, Some(key)) => Err(key.lacks(section, "`certificate`", "--tls-certificate")),
        (None, None) => Ok(None),
    }
}

impl PemFile {
    fn named(of: &Key<PathBuf>, key: &str, flag: &'static str) -> Option<Self> {
        Some(Self {
            path: of.value.clone()?,
            key: key.to_owned(),
            flag,
            place: of.place,
        })
    }

    fn error(&self, config: Option<&Path>, message: &str) -> FileError {
        match config.filter(|_| self.is_of_a_key()) {
            Some(config) => {
                let key = format!("tls.{}", self.key);
                let message = format!("{}: {message}", self.path.display());
                FileError::at(config, self.place, &key, message)
            }
            None => FileError::at(&self.path, Location::UNKNOWN, self.flag, message.to_owned()),
        }
    }

    /// This one is there, and others are not: in the words of who named it.
    fn lacks(&self, section: &str, keys: &str, flags: &str) -> Incomplete {
        let name = self.key.rsplit('.').next().unwrap_or_default();
        let (this, others) = if self.is_of_a_key() {
            (format!("`{name}`"), keys)
        } else {
            (self.flag.to_owned(), flags)
        };
        Incomplete {
            place: self.place,
            key: section.to_owned(),
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
        write!(f, "{} {:?}", self.key, self.path)
    }
}
