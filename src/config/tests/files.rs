//! Files that the configuration names: what is wrong with one is told with line and key, and what is no reason
//! not to start is a notice.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;

const HEAD: &str = "upstreams:\n  a: { url: 'https://h:1' }\n";

/// A folder, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// A certificate and its key that are good in these years.
    fn identity(&self, name: &str, from: i32, to: i32) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    fn load(&self, text: &str) -> Result<Settings, String> {
        self.write("transom.yaml", text);
        let path = self.0.join("transom.yaml");
        let settings = load(Some(&path), &Flags::default()).and_then(Settings::with_files);
        settings.map_err(|error| self.without(&error.to_string()))
    }

    fn notices(&self, text: &str) -> Vec<String> {
        let settings = self.load(text).unwrap();
        assert!(settings.notices().iter().all(Notice::is_fault));
        let notices = settings.notices().iter();
        notices.map(|one| self.without(&one.to_string())).collect()
    }

    /// A text without the folder's name.
    fn without(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_certificate_that_is_not_good_now_is_a_notice() {
    let folder = Folder::new("files-force");
    folder.identity("good", 2020, 2090);
    folder.identity("over", 2001, 2002);
    folder.identity("early", 2080, 2090);
    let tls = "tls: { certificate: good.pem, key: good.key, certificates: [";
    let pair = |name: &str| format!("{{ certificate: {name}.pem, key: {name}.key }}");
    assert!(
        folder
            .notices(&format!("{HEAD}{tls}{}] }}", pair("good")))
            .is_empty()
    );
    let both = format!("{HEAD}{tls}{}, {}] }}", pair("over"), pair("early"));
    assert_eq!(
        folder.notices(&both),
        [
            "transom.yaml:3:76: tls.certificates[0].certificate: over.pem: found a certificate that is good from \
             2001-01-01T00:00:00Z to 2002-01-01T00:00:00Z, expected one that is good now",
            "transom.yaml:3:118: tls.certificates[1].certificate: early.pem: found a certificate that is good from \
             2080-01-01T00:00:00Z to 2090-01-01T00:00:00Z, expected one that is good now",
        ]
    );
    let shown = "upstreams:\n  a: { url: 'https://h:1', tls: { ca: over.pem, certificate: over.pem, key: over.key } }";
    assert_eq!(
        folder.notices(shown),
        [
            "transom.yaml:2:62: upstreams.a.tls.certificate: over.pem: found a certificate that is good from \
             2001-01-01T00:00:00Z to 2002-01-01T00:00:00Z, expected one that is good now"
        ]
    );
}

#[test]
fn a_list_of_endpoints_is_read_and_what_is_wrong_with_it_is_a_notice() {
    let folder = Folder::new("files-list");
    let text = "upstreams:\n  a: { file: list.yaml }\n";
    folder.write("list.yaml", "- address: 10.0.0.1:50051\n");
    assert!(folder.notices(text).is_empty());
    for (list, said) in [
        (
            "- address: 10.0.0.1\n",
            "[0].address: \"10.0.0.1\" names no port",
        ),
        ("", "found nothing, expected a list"),
        (
            &"- address: h:1\n".repeat(4097),
            "found 4097 endpoints, expected at most 4096",
        ),
    ] {
        folder.write("list.yaml", list);
        let notices = folder.notices(text);
        let place = "transom.yaml:2:14: upstreams.a.file: list.yaml: ";
        assert!(
            notices[0].starts_with(&format!("{place}{said}")),
            "{notices:?}"
        );
    }
    std::fs::remove_file(folder.0.join("list.yaml")).unwrap();
    let notices = folder.notices(text);
    assert!(
        notices[0].contains("list.yaml: cannot read the file: "),
        "{notices:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_told_with_its_line_and_key() {
    let folder = Folder::new("files-absent");
    for (text, place) in [
        (
            "identity:\n  issuers: [{ issuer: a, audiences: [b], jwks_file: none }]",
            "4:53: identity.issuers[0].jwks_file: none: cannot read the file: ",
        ),
        (
            "identity: { api_keys: { file: none } }",
            "3:31: identity.api_keys.file: none: cannot read the file: ",
        ),
        (
            "identity:\n  issuers: [{ issuer: a, audiences: [b], jwks_url: 'https://h/' }]\n  ca: none",
            "5:7: identity.ca: ",
        ),
        (
            "schema:\n  - descriptors: none",
            "4:5: schema[0].descriptors: none: cannot read it: ",
        ),
        (
            "schema:\n  - protos: none",
            "4:5: schema[0].protos: none: cannot read it: ",
        ),
    ] {
        let error = folder.load(&format!("{HEAD}{text}\n")).unwrap_err();
        let expected = format!("transom.yaml:{place}");
        assert!(error.starts_with(&expected), "{error}");
    }
}
