//! Files that change: what is taken, what is not, and that nobody has to ask.

use rcgen::{
    CertificateParams, CertificateRevocationListParams, CertifiedIssuer, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};

use super::*;
use crate::pem::{now, utc};

/// A certificate that ends in a year, and its key.
fn identity(name: &str, year: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A list of nobody by `openssl ca -gencrl` of OpenSSL 3.0, without `crl_extensions`.
const FIRST_VERSION: &str = "\
-----BEGIN X509 CRL-----
MIGQMDgwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYRcNMjYxMTI4MjEzNTA4WhcN
MjYxMjI4MjEzNTA4WjAKBggqhkjOPQQDAgNIADBFAiAZS1TvmLbJBF/L2DChyCFZ
v+M1PiHnVUCLcKRAaCkLSAIhAN14/2IfayB4ONu49U144u4PH3Y4mDMV9PNyr6kj
kmMN
-----END X509 CRL-----
";

/// An authority, and its list of nobody.
fn authority() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
    let of: &Issuer<'_, _> = &issuer;
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2050, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(of).unwrap();
    (issuer.pem(), list.pem().unwrap())
}

/// Files in a folder that is removed when it is dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn identity(&self, name: &str, year: i32) -> (std::path::PathBuf, std::path::PathBuf) {
        let (certificate, key) = identity(name, year);
        let write = |kind: &str, text: &str| self.write(&format!("{name}.{kind}"), text);
        (write("pem", &certificate), write("key", &key))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The years in which the certificates end.
fn years(tls: &Tls) -> Vec<String> {
    let serving = tls.0.serving.load();
    let identities = serving.identities.iter();
    identities
        .map(|identity| utc(identity.not_after)[..4].to_owned())
        .collect()
}

fn counts(tls: &Tls) -> (u64, u64) {
    let of = |count: &AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
    (of(&tls.0.taken), of(&tls.0.refused))
}

/// Whoever waits is woken by the paused clock; what is awaited here comes by files.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_good_keeps_the_part_that_was_there_and_the_rest_is_renewed() {
    let folder = Folder::new("tls-kept");
    let files = Files {
        identities: vec![folder.identity("a", 2040), folder.identity("b", 2041)],
        client_ca: None,
        client_crl: None,
    };
    let tls = Tls::open(files, Choices::default()).unwrap();
    let current = tokio::spawn(tls.keep_current());
    assert_eq!(years(&tls), ["2040", "2041"]);

    folder.identity("a", 2042);
    until(|| years(&tls)[0] == "2042").await;
    assert_eq!(counts(&tls), (1, 0));

    // Expired, of another key, half, gone: the one before stays, and the other one is renewed.
    let (good, key) = identity("a", 2043);
    let (expired, expired_key) = identity("a", 2001);
    for (at, (certificate, key)) in [
        (&*expired, &*expired_key),
        (&*good, &*expired_key),
        (&good[..good.len() / 2], &*key),
        ("", ""),
    ]
    .into_iter()
    .enumerate()
    {
        folder.write("a.pem", certificate);
        folder.write("a.key", key);
        let year = 2044 + i32::try_from(at).unwrap();
        folder.identity("b", year);
        until(|| counts(&tls).1 == 1 + at as u64).await;
        assert_eq!(years(&tls), ["2042".to_owned(), year.to_string()]);
    }
    folder.write("a.pem", &good);
    folder.write("a.key", &key);
    until(|| years(&tls)[0] == "2043").await;
    assert_eq!(counts(&tls).1, 4);
    current.abort();
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_link_that_leads_elsewhere_is_another_certificate() {
    let folder = Folder::new("tls-links");
    for (name, year) in [("..one", 2040), ("..two", 2041)] {
        let inner = Folder(folder.0.join(name));
        std::fs::create_dir_all(&inner.0).unwrap();
        inner.identity("tls", year);
        std::mem::forget(inner);
    }
    let link = |to: &str| {
        let next = folder.0.join("..next");
        std::os::unix::fs::symlink(to, &next).unwrap();
        std::fs::rename(next, folder.0.join("..data")).unwrap();
    };
    link("..one");
    for name in ["tls.pem", "tls.key"] {
        let to = std::path::Path::new("..data").join(name);
        std::os::unix::fs::symlink(to, folder.0.join(name)).unwrap();
    }
    let files = Files {
        identities: vec![(folder.0.join("tls.pem"), folder.0.join("tls.key"))],
        client_ca: None,
        client_crl: None,
    };
    let tls = Tls::open(files, Choices::default()).unwrap();
    let current = tokio::spawn(tls.keep_current());
    assert_eq!(years(&tls), ["2040"]);
    link("..two");
    until(|| years(&tls) == ["2041"]).await;
    assert_eq!(counts(&tls), (1, 0));
    current.abort();
}

#[test]
fn authorities_and_lists_are_renewed_like_certificates() {
    let (certificate, key) = identity("a", 2040);
    let (ca, list) = authority();
    let content = |text: &str| Ok(text.as_bytes().to_vec());
    let texts = |ca: &str, list: &str| Texts {
        identities: vec![(content(&certificate), content(&key))],
        client_ca: Some(content(ca)),
        client_crl: Some(content(list)),
    };
    let choices = Choices {
        clients: Asked::Required,
        ..Choices::default()
    };
    let tls = Tls::of(&texts(&ca, &list), choices, None).unwrap();
    let before = tls.0.serving.load().server.clone();
    assert_eq!(tls.renew(&texts(&ca, &list), now()), []);
    assert!(!Arc::ptr_eq(&before, &tls.0.serving.load().server));
    for (ca, list, part, said) in [
        (
            &*ca,
            "",
            Part::ClientCrl,
            "found no list of revoked certificates, expected one in PEM",
        ),
        (
            &ca,
            &certificate,
            Part::ClientCrl,
            "found a certificate, expected a list of revoked certificates in PEM",
        ),
        (
            &list,
            &list,
            Part::ClientCa,
            "found a list of revoked certificates, expected a certificate in PEM",
        ),
        (
            &ca,
            FIRST_VERSION,
            Part::ClientCrl,
            "found a list of revoked certificates of version 1 (number 1), expected X.509 version 2; its authority \
             has to make it anew: `openssl ca -gencrl` does where its configuration has `crl_extensions` and `crlnumber`",
        ),
    ] {
        let wrong = tls.renew(&texts(ca, list), now());
        let wrong: Vec<_> = wrong.iter().map(|e| (e.part, e.to_string())).collect();
        assert_eq!(wrong, [(part, said.to_owned())]);
    }
    assert_eq!(counts(&tls), (1, 0));
}

#[test]
fn a_certificate_that_is_over_is_served_at_the_start_and_never_taken_later() {
    let (certificate, key) = identity("a", 2001);
    let content = |text: &str| Ok(text.as_bytes().to_vec());
    let texts = Texts {
        identities: vec![(content(&certificate), content(&key))],
        client_ca: None,
        client_crl: None,
    };
    let tls = Tls::of(&texts, Choices::default(), None).unwrap();
    let wrong = tls.renew(&texts, now());
    assert_eq!(
        wrong[0].to_string(),
        "found a certificate that is good from 1975-01-01T00:00:00Z to 2001-01-01T00:00:00Z, expected one that is good now"
    );
}
