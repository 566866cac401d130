//! From a file to its raw keys, with errors that name file, line, column and key.

use std::fmt;
use std::fs::File as OsFile;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_saphyr::{Error as Yaml, Location};

use super::json_schema;
use super::raw::{File, Identity, UpstreamTls};
use super::units::quoted;

/// The largest configuration file that is read.
pub const FILE_MAX: u64 = 1 << 20;

/// What is wrong with a configuration file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Line and column, counted from 1.
    pub place: Option<(u64, u64)>,
    /// The key, such as `limits.url` or `schema[1].upstream`; empty for the whole file.
    pub key: String,
    /// What was found and what was expected.
    pub message: String,
}

impl FileError {
    /// An error at a place of a file.
    pub(super) fn at(file: &Path, location: Location, key: &str, message: String) -> Self {
        let place = (location.line() > 0).then(|| (location.line(), location.column()));
        Self {
            file: file.to_owned(),
            place,
            key: key.to_owned(),
            message,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.message)
    }
}

impl std::error::Error for FileError {}

/// Reads and parses a file; relative paths in it become relative to the file's directory.
pub(super) fn file(path: &Path) -> Result<File, FileError> {
    let mut file: File = parse(&text(path)?, path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    for source in &mut file.schema {
        let source = &mut source.value;
        for relative in [&mut source.descriptors, &mut source.protos]
            .into_iter()
            .flatten()
        {
            *relative = base.join(&*relative);
        }
    }
    for relative in &mut file.http_rules {
        relative.0 = base.join(&relative.0);
    }
    for (_, upstream) in &mut file.upstreams.0 {
        let relative = &mut upstream.service_config;
        relative.value = relative.value.take().map(|path| base.join(path));
    }
    if let Some(tls) = &mut file.tls.value {
        let pairs = tls.certificates.iter_mut().map(|pair| &mut pair.value);
        let pairs = pairs.flat_map(|pair| [&mut pair.certificate, &mut pair.key]);
        let clients = [&mut tls.client_ca, &mut tls.client_crl];
        for relative in [&mut tls.certificate, &mut tls.key]
            .into_iter()
            .chain(clients)
            .chain(pairs)
        {
            relative.value = relative.value.take().map(|path| base.join(path));
        }
    }
    files_of_identity(&mut file.identity, base);
    for relative in [
        &mut file.access_log.salt_file,
        &mut file.traces.ca,
        &mut file.traces.headers_file,
    ] {
        if let Some(path) = &mut relative.value
            && !path.as_os_str().is_empty()
        {
            *path = base.join(&*path);
        }
    }
    for relative in [
        &mut file.docs.logo,
        &mut file.docs.history,
        &mut file.docs.overlay,
        &mut file.docs.scalar,
    ] {
        if let Some(path) = &mut relative.value
            && !path.as_os_str().is_empty()
        {
            *path = base.join(&*path);
        }
    }
    for (_, upstream) in &mut file.upstreams.0 {
        let list = &mut upstream.file.value;
        *list = list.take().map(|path| base.join(path));
        if let Some(tls) = &mut upstream.tls.value {
            files_of_tls(tls, base);
        }
        if let Some(oauth2) = &mut upstream.oauth2.value {
            for relative in [&mut oauth2.ca, &mut oauth2.client_secret_file] {
                relative.value = relative.value.take().map(|path| base.join(path));
            }
        }
    }
    for step in file.policy.value.iter_mut().flatten() {
        let Some(step) = &mut step.value else {
            continue;
        };
        let limits = step.global_rate_limits.value.iter_mut();
        let limits = limits.filter_map(|step| step.tls.value.as_mut());
        let authz = step.ext_authz.value.iter_mut();
        let authz = authz.filter_map(|step| step.tls.value.as_mut());
        limits.chain(authz).for_each(|tls| files_of_tls(tls, base));
    }
    Ok(file)
}

/// Files of TLS towards a server.
fn files_of_tls(tls: &mut UpstreamTls, base: &Path) {
    for relative in [&mut tls.ca, &mut tls.certificate, &mut tls.key] {
        relative.value = relative.value.take().map(|path| base.join(path));
    }
}

/// Files of issuers, and of keys and passwords.
fn files_of_identity(identity: &mut Identity, base: &Path) {
    let issuers = identity.issuers.value.iter_mut().flatten();
    let issuers = issuers.filter_map(|issuer| issuer.value.as_mut());
    let issuers = issuers.flat_map(|issuer| [&mut issuer.jwks_file, &mut issuer.secret_file]);
    let keys = identity.api_keys.value.iter_mut();
    let keys = keys.map(|keys| &mut keys.file);
    let asked = identity.introspection.value.iter_mut();
    let asked = asked.map(|asked| &mut asked.client_secret_file);
    for relative in issuers.chain(keys).chain(asked).chain([&mut identity.ca]) {
        if let Some(path) = &mut relative.value
            && !path.as_os_str().is_empty()
        {
            *path = base.join(&*path);
        }
    }
}

/// The text of a file that is not larger than one may be.
pub(super) fn text(path: &Path) -> Result<String, FileError> {
    let text = bytes(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| "found bytes that are not UTF-8, expected text".into())
    });
    text.map_err(|message| FileError::at(path, Location::UNKNOWN, "", message))
}

/// The bytes of such a file, or why there are none.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    bytes_to(path, FILE_MAX)
}

/// The bytes of a file that has no more than `max`.
pub(super) fn bytes_to(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = OsFile::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes));
    match read {
        Err(cause) => Err(format!("cannot read the file: {cause}")),
        Ok(length) if length as u64 > max => {
            Err(format!("found more than {max} bytes, expected fewer"))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Parses the text of a file; `path` is for errors only.
pub(super) fn parse<T: DeserializeOwned + Default>(
    text: &str,
    path: &Path,
) -> Result<T, FileError> {
    if text
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
    {
        return Ok(T::default()); // nothing but comments is YAML's null
    }
    let mut key = String::new();
    let parsed = serde_saphyr::with_deserializer_from_str(text, |yaml| {
        let mut track = serde_path_to_error::Track::new();
        let file = T::deserialize(serde_path_to_error::Deserializer::new(yaml, &mut track));
        // A value that is read together with its place is wrapped in a `value` of its own, and a
        // key that could not be read is a `?`.
        key = track.path().to_string().replace(".value", "");
        key.truncate(key.trim_end_matches(['.', '?']).len());
        file
    });
    parsed.map_err(|error| {
        let error = error.without_snippet();
        let (key, message) = describe(error, &key);
        FileError::at(
            path,
            error.location().unwrap_or(Location::UNKNOWN),
            &key,
            message,
        )
    })
}

/// The key an error is about, and the error in our words.
fn describe(error: &Yaml, path: &str) -> (String, String) {
    let key = if path == "." { "" } else { path };
    // For a key that is unknown the path ends with it, but the place is its parent.
    let parent = |field: &str| {
        let parent = key.strip_suffix(field).unwrap_or(key);
        parent.strip_suffix('.').unwrap_or(parent).to_owned()
    };
    match error {
        Yaml::SerdeUnknownField {
            field, expected, ..
        } => {
            let parent = parent(field);
            let hint = match of_the_gateway(&parent, field) {
                Some(place) => format!("it is chosen for the whole gateway, {place}"),
                None => suggestion(field, expected),
            };
            (parent, format!("unknown key {}; {hint}", quoted(field)))
        }
        Yaml::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            key.to_owned(),
            format!(
                "found {}; {}",
                quoted(variant),
                suggestion(variant, expected)
            ),
        ),
        Yaml::SerdeMissingField { field, .. } => {
            (key.to_owned(), format!("the key `{field}` is missing"))
        }
        Yaml::SerdeInvalidType {
            unexpected,
            expected,
            ..
        }
        | Yaml::SerdeInvalidValue {
            unexpected,
            expected,
            ..
        } => (
            key.to_owned(),
            format!("found {unexpected}, expected {expected}"),
        ),
        Yaml::Unexpected { expected, .. } => (
            key.to_owned(),
            format!("expected {}", in_place_of_events(expected)),
        ),
        Yaml::DuplicateMappingKey { key: twice, .. } => (
            key.to_owned(),
            format!(
                "found the key {} twice, expected it once",
                quoted(twice.as_deref().unwrap_or_default())
            ),
        ),
        Yaml::InvalidScalar { ty, .. } => (key.to_owned(), format!("expected {}", article(ty))),
        Yaml::MultipleDocuments { .. } => (
            key.to_owned(),
            "found a second YAML document, expected one".to_owned(),
        ),
        Yaml::Message { msg, .. } => (key.to_owned(), msg.clone()),
        other => (key.to_owned(), without_place(&other.to_string())),
    }
}

/// Where a key belongs that is unknown in a route, if the gateway has it.
fn of_the_gateway(parent: &str, field: &str) -> Option<String> {
    let (_, section) = parent.strip_prefix("routes[")?.split_once(']')?;
    let section = section.trim_start_matches('.');
    json_schema::has_key(section, field).then(|| {
        if section.is_empty() {
            "at the top level of the file".to_owned()
        } else {
            format!("in `{section}` at the top level of the file")
        }
    })
}

/// What the YAML reader calls by the names of its events.
fn in_place_of_events(expected: &str) -> &str {
    match expected {
        "mapping start" => "keys with values beneath it",
        "sequence start" => "a list, whose items begin with `- `",
        "string scalar" | "scalar" => "a single text",
        other => other,
    }
}

/// `did you mean …?` for a near miss, else the list.
fn suggestion(found: &str, expected: &[&str]) -> String {
    match closest(found, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if expected.is_empty() => "expected none".to_owned(),
        None => {
            let known: Vec<_> = expected.iter().map(|name| format!("`{name}`")).collect();
            format!("expected one of {}", known.join(", "))
        }
    }
}

/// The most similar of some names, if one is similar enough to be meant.
pub(super) fn closest<'n>(found: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Below this Jaro-Winkler similarity two words share little more than a letter.
    const SIMILAR: f64 = 0.8;
    let plain = |text: &str| text.replace('-', "_").to_ascii_lowercase();
    let found = plain(found);
    names
        .map(|name| (strsim::jaro_winkler(&found, &plain(name)), name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn article(kind: &str) -> String {
    match kind {
        "bool" | "boolean" => "`true` or `false`".to_owned(),
        other => format!("a valid {other}"),
    }
}

/// The YAML reader's own sentences may carry the place, which the error already shows.
fn without_place(message: &str) -> String {
    let end = message.find(" at line ").unwrap_or(message.len());
    let message = message.get(..end).unwrap_or(message);
    message.lines().next().unwrap_or_default().to_owned()
}
