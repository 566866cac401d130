//! The flags and keys of TLS: what is started, and what is refused with which words.

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::support::Running;
use super::{check, err, file, out, transom};

/// A certificate and its key as files, whose names begin with `name`.
fn identity(name: &str) -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = file(&format!("{name}.pem"), &cert.pem());
    let key = file(&format!("{name}.key"), &signing_key.serialize_pem());
    (certificate.display().to_string(), key.display().to_string())
}

const SERVE: [&str; 7] = [
    "serve",
    "--upstream",
    "http://127.0.0.1:9",
    "--listen",
    "127.0.0.1:0",
    "--log",
    "human",
];

/// An import root, so that `serve` waits for no upstream.
fn protos() -> String {
    let folder = file("tls.marker", "").with_file_name("tls-protos");
    std::fs::create_dir_all(&folder).unwrap();
    let proto = "syntax = \"proto3\"; package t; service T { rpc M(N) returns (N); } message N {}";
    std::fs::write(folder.join("t.proto"), proto).unwrap();
    folder.display().to_string()
}

#[test]
fn flags_of_tls_make_it_listen_by_https_and_leave_the_admin_port_alone() {
    let ((certificate, key), protos) = (identity("served"), protos());
    let tls = ["--tls-certificate", &certificate, "--tls-key", &key];
    let more = [
        "--tls-client-ca",
        &certificate,
        "--proto",
        &protos,
        "--admin",
        "127.0.0.1:0",
    ];
    let redirect = "tls: { redirect: { listen: 127.0.0.1:0 } }\n";
    let redirect = file("redirect.yaml", redirect).display().to_string();
    let more = [&more[..], &["--config", &redirect]].concat();
    let running = Running::start(&[&SERVE[..], &tls, &more].concat());
    running.out_until("listening on https://127.0.0.1:");
    running.out_until("redirect  on http://127.0.0.1:");
    running.out_until("admin     on http://127.0.0.1:");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    let json = SERVE.map(|word| if word == "human" { "json" } else { word });
    let running = Running::start(&[&json[..], &tls, &more].concat());
    let line = running.err_until("\"listening\"").pop().unwrap();
    assert!(line.contains("\"redirect\":\"127.0.0.1:"), "{line}");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn plaintext_for_everybody_is_told_with_what_to_do_about_it() {
    let protos = protos();
    let serve = SERVE.map(|word| {
        if word == "127.0.0.1:0" {
            "0.0.0.0:0"
        } else {
            word
        }
    });
    let running = Running::start(&[&serve[..], &["--proto", &protos]].concat());
    let said = running.err_until("clients connect in plaintext");
    let line = said.last().unwrap();
    assert!(
        line.contains("`tls`") && line.contains("0.0.0.0:0"),
        "{line}"
    );
    running.out_until("listening on http://0.0.0.0:");
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn wrong_files_of_tls_exit_with_64_and_say_which_and_why() {
    let (certificate, key) = identity("right");
    let (_, other) = identity("other");
    let empty = file("empty.pem", "").display().to_string();
    let lost = certificate.replace("right.pem", "lost.pem");
    for (certificate, key, said) in [
        (
            &certificate,
            &empty,
            format!("error: {empty}: --tls-key: found no private key, expected one in PEM\n"),
        ),
        (
            &key,
            &key,
            format!(
                "error: {key}: --tls-certificate: found a private key, expected a certificate in PEM\n"
            ),
        ),
        (
            &certificate,
            &other,
            format!("error: {other}: --tls-key: found the private key of another certificate,"),
        ),
        (
            &lost,
            &key,
            format!("error: {lost}: --tls-certificate: cannot read the file: "),
        ),
    ] {
        let tls = ["--tls-certificate", certificate, "--tls-key", key];
        let output = transom(&[&SERVE[..], &tls].concat());
        assert_eq!(output.status.code(), Some(64), "{}", out(&output));
        assert!(err(&output).starts_with(&said), "{}", err(&output));
    }
    let half = transom(&[&SERVE[..], &["--tls-key", &key]].concat());
    assert_eq!(half.status.code(), Some(2), "{}", out(&half));
    let said = "found --tls-key without --tls-certificate, expected them together";
    assert!(err(&half).contains(said), "{}", err(&half));
}

#[test]
fn check_reads_the_files_of_tls_and_who_only_looks_does_not() {
    let (_, key) = identity("checked");
    let protos = protos();
    let text = format!(
        "upstreams: {{ a: {{ url: 'http://h:1' }} }}\nschema: [{{ protos: {protos} }}]\ntls:\n  certificate: checked.pem\n  key: checked.key\n"
    );
    let good = file("checked.yaml", &text);
    let output = check(&good);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));

    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let over_key = rcgen::KeyPair::generate().unwrap();
    let over = params.self_signed(&over_key).unwrap();
    file("over.pem", &over.pem());
    file("over.key", &over_key.serialize_pem());
    let over = file("over.yaml", &text.replace("checked.", "over."));
    let output = check(&over);
    assert_eq!(output.status.code(), Some(64), "{}", out(&output));
    let said = format!("warning: {}:4:16: tls.certificate: ", over.display());
    assert!(err(&output).starts_with(&said), "{}", err(&output));
    assert!(!out(&output).contains("good:"), "{}", out(&output));

    let bad = file("unchecked.yaml", &text.replace("checked.key", "no.key"));
    let output = check(&bad);
    assert_eq!(output.status.code(), Some(64), "{}", out(&output));
    let expected = format!(
        "error: {}:5:8: tls.key: {}: cannot read the file: ",
        bad.display(),
        key.replace("checked.key", "no.key")
    );
    assert!(err(&output).starts_with(&expected), "{}", err(&output));
    let output = transom(&["routes", "--config", &bad.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
}
