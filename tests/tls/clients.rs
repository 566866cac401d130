//! Certificates of clients that are no good, and that whoever was revoked stays out.

use rcgen::{
    CertificateRevocationListParams, ExtendedKeyUsagePurpose, GeneralSubtree, Issuer, KeyIdMethod,
    KeyUsagePurpose, NameConstraints, RevokedCertParams, SerialNumber, date_time_ymd,
};
use transom::listener::{Asked, Choices, Files, Tls};

use super::folder::Folder;
use super::*;

fn params(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(serial));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
}

/// The list of an authority on which these serial numbers stand.
fn revoked(authority: &Authority, serials: &[u64]) -> String {
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: date_time_ymd(2024, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2050, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer: &Issuer<'_, _> = &authority.0;
    list.signed_by(issuer).unwrap().pem().unwrap()
}

#[tokio::test]
async fn row_139_a_certificate_that_is_no_good_ends_the_handshake() {
    use AlertDescription as Alert;
    let (servers, clients) = (Authority::new("servers"), authority("clients"));
    let folder = Folder::new();
    let server = servers.certify("localhost");
    let files = Files {
        identities: vec![(
            folder.write("server.pem", &server.certificate),
            folder.write("server.key", &server.key),
        )],
        client_ca: Some(folder.write("clients.pem", &clients.pem())),
        client_crl: Some(folder.write("revoked.pem", &revoked(&clients, &[6]))),
    };
    let choices = Choices {
        clients: Asked::Required,
        ..Choices::default()
    };
    let tls = Tls::open(files, choices).unwrap();
    let stack = Stack::with(|config| config.listener.tls = Some(tls)).await;

    let good = clients.certify_as(&params("a.example", 1));
    let mut expired = params("a.example", 2);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = params("a.example", 3);
    early.not_before = date_time_ymd(2090, 1, 1);
    early.not_after = date_time_ymd(2091, 1, 1);
    let mut of_a_server = params("a.example", 4);
    of_a_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let own_key = KeyPair::generate().unwrap();
    let own = Identity {
        certificate: params("a.example", 7).self_signed(&own_key).unwrap().pem(),
        key: own_key.serialize_pem(),
    };
    let cases = [
        ("good", good, Ok(200)),
        (
            "expired",
            clients.certify_as(&expired),
            Err(Alert::CertificateExpired),
        ),
        (
            "early",
            clients.certify_as(&early),
            Err(Alert::CertificateExpired),
        ),
        (
            "a server's",
            clients.certify_as(&of_a_server),
            Err(Alert::BadCertificate),
        ),
        (
            "not permitted",
            clients.certify_as(&params("a.elsewhere", 5)),
            Err(Alert::BadCertificate),
        ),
        (
            "revoked",
            clients.certify_as(&params("a.example", 6)),
            Err(Alert::CertificateRevoked),
        ),
        ("its own", own, Err(Alert::UnknownCA)),
    ];
    for (what, identity, expected) in &cases {
        for version in [&TLS12, &TLS13] {
            let client = Client {
                versions: &[version],
                shows: Some(identity),
                ..Client::of(&servers)
            };
            let found = outcome(&client, stack.address()).await;
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "{what}"),
                // Which alert a library sends for what is its own affair; that it is one is ours.
                (Err(_), Err(_)) => {}
                (found, _) => panic!("{what}: {found:?}"),
            }
        }
    }
}

#[tokio::test]
async fn who_is_asked_for_a_certificate_shows_it_each_time() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let pem = clients.pem();
    let stack = stack(&servers, Clients::Required(pem.as_bytes())).await;
    let identity = clients.certify("me");
    let client = Client {
        shows: Some(&identity),
        ..Client::of(&servers)
    };
    let connector = client.connector();
    for _ in 0..3 {
        let socket = TcpStream::connect(stack.address()).await.unwrap();
        let mut stream = client.shake(&connector, socket).await.unwrap();
        let request = b"GET /v1/echo/7 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        stream.flush().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        let kind = stream.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
    }
}
