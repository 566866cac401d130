//! The section `tls` and its flags: what they become, and what is said of wrong files.

use std::path::PathBuf;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

use super::*;

/// A folder with PEM files and a `transom.yaml`, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        folder.write("server.pem", &cert.pem());
        folder.write("server.key", &signing_key.serialize_pem());
        folder.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
        folder.write("empty.pem", "");
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// The settings of a file with this `tls`.
    fn load(&self, tls: &str, flags: &Flags) -> Result<Settings, Error> {
        let text = format!("upstreams: {{ a: {{ url: 'http://h:1' }} }}\n{tls}\n");
        self.write("transom.yaml", &text);
        load(Some(&self.0.join("transom.yaml")), flags).and_then(Settings::with_files)
    }

    /// The error of such a file, without the folder's name.
    fn error(&self, tls: &str) -> String {
        let error = self.load(tls, &Flags::default()).unwrap_err();
        assert!(matches!(error, Error::File(_)), "{error}");
        self.without_the_folder(&error)
    }

    fn without_the_folder(&self, error: &Error) -> String {
        error
            .to_string()
            .replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_files_are_relative_to_the_configuration_and_read_for_whoever_serves() {
    let folder = Folder::new("tls-good");
    for tls in [
        "tls: { certificate: server.pem, key: server.key }",
        "tls: { certificate: server.pem, key: server.key, client_ca: server.pem }",
        "tls: { certificate: server.pem, key: server.key, client_ca: server.pem, client_certificates: optional }",
        "tls: { certificate: server.pem, key: server.key, min_version: '1.3', unknown_names: refuse }",
        "tls: { certificates: [{ certificate: server.pem, key: server.key }] }",
        "tls: { certificate: server.pem, key: server.key, certificates: [{ certificate: server.pem, key: server.key }] }",
    ] {
        let settings = folder.load(tls, &Flags::default()).unwrap();
        assert!(settings.gateway.listener.tls.is_some(), "{tls}");
    }
    let text = "upstreams: { a: { url: 'http://h:1' } }\ntls: { certificate: no.pem, key: no.key }";
    assert!(settings(text).is_ok(), "who does not serve reads no key");
}

#[test]
fn an_error_names_key_and_file_and_what_was_found() {
    let folder = Folder::new("tls-wrong");
    for (tls, expected) in [
        (
            "tls: { certificate: server.pem, key: empty.pem }",
            "transom.yaml:2:38: tls.key: empty.pem: found no private key, expected one in PEM",
        ),
        (
            "tls: { certificate: server.pem, key: server.pem }",
            "transom.yaml:2:38: tls.key: server.pem: found a certificate, expected a private key in PEM",
        ),
        (
            "tls:\n  certificate: server.key\n  key: server.key",
            "transom.yaml:3:16: tls.certificate: server.key: found a private key, expected a certificate in PEM",
        ),
        (
            "tls: { certificate: server.pem, key: other.key }",
            "transom.yaml:2:38: tls.key: other.key: found the private key of another certificate, expected that of the first one in the chain",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, client_ca: empty.pem }",
            "transom.yaml:2:61: tls.client_ca: empty.pem: found no certificate, expected one in PEM",
        ),
        (
            "tls: { certificate: server.pem }",
            "transom.yaml:2:21: tls: found `certificate` without `key`, expected them together",
        ),
        (
            "tls: { key: server.key }",
            "transom.yaml:2:13: tls: found `key` without `certificate`, expected them together",
        ),
        (
            "tls: { client_ca: server.pem }",
            "transom.yaml:2:19: tls: found `client_ca` without `certificate` and `key`, expected them together",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, client_certificates: optional }",
            "transom.yaml:2:71: tls.client_certificates: found it without `client_ca`, expected them together",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, client_crl: server.pem }",
            "transom.yaml:2:62: tls.client_crl: found it without `client_ca`, expected them together",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, client_ca: server.pem, client_crl: server.pem }",
            "transom.yaml:2:85: tls.client_crl: server.pem: found a certificate, expected a list of revoked certificates in PEM",
        ),
        (
            "tls: { certificates: [{ certificate: server.pem, key: other.key }] }",
            "transom.yaml:2:55: tls.certificates[0].key: other.key: found the private key of another certificate, expected that of the first one in the chain",
        ),
        (
            "tls: { certificates: [{ certificate: server.pem }] }",
            "transom.yaml:2:38: tls.certificates[0]: found `certificate` without `key`, expected them together",
        ),
        (
            "tls: { certificates: [{}] }",
            "transom.yaml:2:23: tls.certificates[0]: the keys `certificate` and `key` are missing",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, min_version: ssl }",
            "transom.yaml:2:63: tls.min_version: found `ssl`; expected one of `1.2`, `1.3`",
        ),
        (
            "tls: {}",
            "transom.yaml:2:6: tls: the keys `certificate` and `key` are missing",
        ),
        (
            "tls:",
            "transom.yaml:2:4: tls: expected keys with values beneath it",
        ),
        (
            "tls: { certificat: server.pem }",
            "transom.yaml:2:8: tls: unknown key `certificat`; did you mean `certificate`?",
        ),
        (
            "tls: { certificate: server.pem, key: server.key, client_ca: server.pem, client_certificates: none }",
            "transom.yaml:2:94: tls.client_certificates: found `none`; expected one of `required`, `optional`",
        ),
        (
            "timeouts: { tls_handshake: 0s }",
            "transom.yaml:2:28: timeouts.tls_handshake: found `0s`, expected more than that",
        ),
    ] {
        assert_eq!(folder.error(tls), expected);
    }
    let missing = folder.error("tls: { certificate: no.pem, key: server.key }");
    let expected = "transom.yaml:2:21: tls.certificate: no.pem: cannot read the file: ";
    assert!(missing.starts_with(expected), "{missing}");
}

#[test]
fn flags_replace_single_files_and_errors_speak_of_them() {
    let folder = Folder::new("tls-flags");
    let path = |name: &str| Some(folder.0.join(name));
    let flags = Flags {
        upstreams: vec!["http://h:1".parse().unwrap()],
        tls_certificate: path("server.pem"),
        ..Flags::default()
    };
    let error = load(None, &flags).unwrap_err();
    let expected = "found --tls-certificate without --tls-key, expected them together";
    assert_eq!(error, Error::Flags(expected.to_owned()));

    let flags = Flags {
        tls_key: path("other.key"),
        ..flags
    };
    let error = load(None, &flags)
        .and_then(Settings::with_files)
        .unwrap_err();
    assert!(matches!(error, Error::File(_)), "{error}");
    assert_eq!(
        folder.without_the_folder(&error),
        "other.key: --tls-key: found the private key of another certificate, expected that of the first one in the chain"
    );

    let right = Flags {
        tls_key: path("server.key"),
        ..Flags::default()
    };
    let tls = "tls: { certificate: server.pem, key: other.key }";
    assert!(folder.load(tls, &Flags::default()).is_err());
    let settings = folder.load(tls, &right).unwrap();
    assert!(settings.gateway.listener.tls.is_some());
}
