//! What is told of calls: collectors of traces, and pseudonyms.

use super::*;
use crate::control::otlp::Authorities;
use crate::identity::Salt;

const UPSTREAM: &str = "upstreams: { a: { url: 'http://h:1' } }\n";

/// A folder with files in it, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn load(&self, keys: &str) -> Result<Settings, String> {
        let path = self.0.join("transom.yaml");
        std::fs::write(&path, format!("{UPSTREAM}{keys}\n")).unwrap();
        let folder = format!("{}/", self.0.display());
        load(Some(&path), &Flags::default()).map_err(|error| error.to_string().replace(&folder, ""))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_collector_elsewhere_has_a_certificate_and_is_asked_with_a_key() {
    let folder = Folder::new("collector");
    let own = rcgen::generate_simple_self_signed(["otlp.example".to_owned()]).unwrap();
    std::fs::write(folder.0.join("ca.pem"), own.cert.pem()).unwrap();
    std::fs::write(folder.0.join("headers"), "x-api-key: s3cret\n").unwrap();
    let keys = "{ endpoint: 'https://otlp.example', ca: ca.pem, headers_file: headers }";
    let settings = folder.load(&format!("traces: {keys}")).unwrap();
    let collector = &settings.gateway.traces.as_ref().unwrap().collector;
    assert!(matches!(&collector.authorities, Authorities::These(roots) if roots.len() == 1));
    assert_eq!(collector.headers[0].1, "s3cret");
    assert!(!format!("{settings:?}").contains("s3cret"));

    for (keys, expected) in [
        (
            "{ endpoint: 'https://otlp.example', ca: none.pem }",
            "traces.ca: none.pem: ",
        ),
        (
            "{ endpoint: 'https://otlp.example', ca: headers }",
            "traces.ca: headers: ",
        ),
        (
            "{ endpoint: 'https://otlp.example', headers_file: ca.pem }",
            "traces.headers_file: ca.pem: line 1: expected `name: value`",
        ),
        (
            "{ endpoint: 'http://otlp.example', headers_file: headers }",
            "traces.headers_file: found headers for a collector that is spoken to in plaintext",
        ),
        (
            "{ endpoint: 'otlp.example:4317' }",
            "traces.endpoint: found `otlp.example:4317`, expected a URL such as",
        ),
    ] {
        let error = folder.load(&format!("traces: {keys}")).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let nearby = "{ endpoint: 'http://[::1]:4317', headers_file: headers }";
    folder.load(&format!("traces: {nearby}")).unwrap();
}

#[test]
fn pseudonyms_are_made_with_a_secret_where_one_is_named() {
    let folder = Folder::new("salt");
    assert_eq!(folder.load("").unwrap().salt, None);
    std::fs::write(folder.0.join("salt"), "s3cret\n").unwrap();
    let keys = "access_log: { salt_file: salt }";
    assert_eq!(folder.load(keys).unwrap().salt, Some(Salt::of(b"s3cret")));
    std::fs::write(folder.0.join("salt"), "\n").unwrap();
    let error = folder.load(keys).unwrap_err();
    assert!(
        error.ends_with("salt: found an empty file, expected a secret"),
        "{error}"
    );
}
