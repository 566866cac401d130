//! R16: certificates, authorities and lists of revoked clients that change under load, good ones and bad
//! ones, while new connections come all the time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::backend::Manner;
use crate::samples::ms;
use crate::site::Site;
use crate::table::Line;

const ROTATIONS: u64 = 10;
const LENGTH: Duration = Duration::from_secs(60);
/// Between two new connections.
const NEXT: Duration = Duration::from_millis(20);
/// Connections that are open all the time, and how often each is used.
const KEPT: usize = 20;
const USED: Duration = Duration::from_millis(500);
/// How soon a new certificate has to be served, and how long a bad one is looked at for.
const SOON: Duration = Duration::from_secs(2);
const LOOKED: Duration = Duration::from_secs(4);

const RELOADS: &str = "gateway_tls_reload_total";

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, in PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

impl Identity {
    fn der(&self) -> Vec<u8> {
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        der.unwrap().to_vec()
    }
}

/// Each has a name of its own, by which lists of revoked certificates are found.
fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn certify(
    authority: &Authority,
    serial: u64,
    usage: ExtendedKeyUsagePurpose,
    year: i32,
) -> Identity {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(serial));
    params.extended_key_usages = vec![usage];
    params.not_after = date_time_ymd(year, 1, 1);
    let key = KeyPair::generate().unwrap();
    Identity {
        certificate: params.signed_by(&key, authority).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

/// Whom an authority has revoked.
fn revoked(authority: &Authority, serials: &[u64]) -> String {
    let certificates = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: date_time_ymd(2024, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: certificates.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer: &Issuer<'_, _> = authority;
    list.signed_by(issuer).unwrap().pem().unwrap()
}

/// The files of the gateway.
struct Files(PathBuf);

impl Files {
    fn write(&self, name: &str, text: &str) {
        let next = self.0.join(format!("{name}.next"));
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, self.0.join(name)).unwrap();
    }

    fn show(&self, identity: &Identity) {
        self.write("server.pem", &identity.certificate);
        self.write("server.key", &identity.key);
    }
}

/// What clients trust and show.
fn connector(servers: &Authority, shows: &Identity) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(servers.der().clone()).unwrap();
    let chain = CertificateDer::from_pem_slice(shows.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(shows.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![chain], key)
        .unwrap();
    Arc::new(config).into()
}

async fn connected(
    connector: &TlsConnector,
    address: std::net::SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, socket).await
}

/// One request on a connection, whatever the answer is, as long as it is a whole head.
async fn asked(stream: &mut TlsStream<TcpStream>) -> std::io::Result<()> {
    let request = b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes).await?;
    if bytes
        .get(..read)
        .unwrap_or_default()
        .starts_with(b"HTTP/1.1 ")
    {
        return Ok(());
    }
    Err(std::io::Error::other("no answer"))
}

/// New connections, all the time.
struct Arrivals {
    shows: Mutex<TlsConnector>,
    made: AtomicUsize,
    failed: Mutex<Vec<String>>,
    /// The certificate that the last one has seen, and when.
    seen: Mutex<(Vec<u8>, Instant)>,
    is_over: AtomicBool,
}

impl Arrivals {
    async fn run(self: Arc<Self>, address: std::net::SocketAddr) {
        let mut ticks = tokio::time::interval(NEXT);
        let mut under_way = JoinSet::new();
        while !self.is_over.load(Ordering::Relaxed) {
            ticks.tick().await;
            while under_way.try_join_next().is_some() {}
            let this = Arc::clone(&self);
            under_way.spawn(async move {
                let connector = this.shows.lock().unwrap().clone();
                let begun = Instant::now();
                let arrived = async {
                    let mut stream = connected(&connector, address).await?;
                    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
                    asked(&mut stream).await?;
                    Ok::<_, std::io::Error>(shown)
                };
                match arrived.await {
                    Ok(shown) => {
                        this.made.fetch_add(1, Ordering::Relaxed);
                        let mut seen = this.seen.lock().unwrap();
                        if begun >= seen.1 {
                            *seen = (shown, begun);
                        }
                    }
                    Err(error) => this.failed.lock().unwrap().push(error.to_string()),
                }
            });
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Waits until this certificate is shown; how long that took.
    async fn until(&self, certificate: &[u8]) -> Duration {
        let begun = Instant::now();
        while self.seen.lock().unwrap().0 != certificate && begun.elapsed() < 5 * SOON {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }
}

pub(crate) async fn run(tell: &mut impl FnMut(Line)) {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let servers = authority("servers");
    let (old, new) = (authority("old clients"), authority("new clients"));
    let (before, after) = (
        certify(&old, 1, ClientAuth, 2090),
        certify(&new, 2, ClientAuth, 2090),
    );
    let files = Files(Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults/rotated"));
    std::fs::create_dir_all(&files.0).unwrap();
    let mut shown = certify(&servers, 100, ServerAuth, 2090);
    files.show(&shown);
    files.write("clients.pem", &old.pem());
    let nobody = format!("{}{}", revoked(&old, &[]), revoked(&new, &[]));
    files.write("revoked.pem", &nobody);
    let folder = files.0.display();
    let keys = format!(
        "tls:\n  certificate: {folder}/server.pem\n  key: {folder}/server.key\n  \
         client_ca: {folder}/clients.pem\n  client_crl: {folder}/revoked.pem\n"
    );
    let site = Site::start("rotated", &[Manner::default()], "", &keys).await;
    let address = site.gateway.address;

    let arrivals = Arc::new(Arrivals {
        shows: Mutex::new(connector(&servers, &before)),
        made: AtomicUsize::new(0),
        failed: Mutex::new(Vec::new()),
        seen: Mutex::new((Vec::new(), Instant::now())),
        is_over: AtomicBool::new(false),
    });
    let mut kept = JoinSet::new();
    for _ in 0..KEPT {
        let mut stream = connected(&connector(&servers, &before), address)
            .await
            .unwrap();
        let arrivals = Arc::clone(&arrivals);
        kept.spawn(async move {
            while !arrivals.is_over.load(Ordering::Relaxed) {
                asked(&mut stream).await?;
                tokio::time::sleep(USED).await;
            }
            Ok::<_, std::io::Error>(())
        });
    }
    let arriving = tokio::spawn(Arc::clone(&arrivals).run(address));
    arrivals.until(&shown.der()).await;

    // Good ones, one after the other; meanwhile clients get another authority.
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for number in 1..=ROTATIONS {
        shown = certify(&servers, 100 + number, ServerAuth, 2090);
        files.show(&shown);
        slowest = slowest.max(arrivals.until(&shown.der()).await);
        match number {
            3 => files.write("clients.pem", &format!("{}{}", old.pem(), new.pem())),
            5 => *arrivals.shows.lock().unwrap() = connector(&servers, &after),
            7 => files.write("clients.pem", &new.pem()),
            _ => {}
        }
        let next = u32::try_from(number).unwrap();
        let all = u32::try_from(ROTATIONS).unwrap();
        tokio::time::sleep_until(begun + LENGTH * next / all).await;
    }
    let refused_before = site.gateway.metric(RELOADS, "refused").await;

    // Bad ones, each of which leaves the last good one.
    let whole = certify(&servers, 200, ServerAuth, 2090);
    let over = certify(&servers, 201, ServerAuth, 2001);
    let half = &whole.certificate[..whole.certificate.len() / 2];
    let mut kept_old = Vec::new();
    for (what, certificate, key) in [
        ("half written", half, &whole.key),
        ("mismatched", &*whole.certificate, &shown.key),
        ("expired", &*over.certificate, &over.key),
    ] {
        let refused = site.gateway.metric(RELOADS, "refused").await;
        files.write("server.pem", certificate);
        files.write("server.key", key);
        tokio::time::sleep(LOOKED).await;
        let is_counted = site.gateway.metric(RELOADS, "refused").await > refused;
        let is_kept = arrivals.seen.lock().unwrap().0 == shown.der();
        if !is_counted || !is_kept {
            kept_old.push(what);
        }
        files.show(&shown);
        tokio::time::sleep(SOON).await;
    }
    let (made, failed) = {
        let failed = arrivals.failed.lock().unwrap().clone();
        (arrivals.made.load(Ordering::Relaxed), failed)
    };

    // Whoever is revoked stays out from then on; those who are connected stay.
    files.write(
        "revoked.pem",
        &format!("{}{}", revoked(&old, &[]), revoked(&new, &[2])),
    );
    let revoking = Instant::now();
    let mut is_out = false;
    while !is_out && revoking.elapsed() < 5 * SOON {
        let shows = arrivals.shows.lock().unwrap().clone();
        let arrived = connected(&shows, address).await;
        is_out = match arrived {
            Ok(mut stream) => asked(&mut stream).await.is_err(),
            Err(_) => true,
        };
        tokio::time::sleep(NEXT).await;
    }
    let revoked_within = revoking.elapsed();
    arrivals.is_over.store(true, Ordering::Relaxed);
    arriving.await.unwrap();
    let mut broken = 0;
    while let Some(ended) = kept.join_next().await {
        broken += usize::from(ended.unwrap().is_err());
    }
    tell(
        Line::new(
            "R16",
            format!(
                "{ROTATIONS} certificates in {:.0} s, another client authority, 3 bad pairs, a revoked client; {:.0} new connections/s, {KEPT} kept",
                LENGTH.as_secs_f64(),
                1.0 / NEXT.as_secs_f64()
            ),
        )
        .must(
            "0 failed handshakes",
            failed.is_empty() && made > 0,
            format!("{} of {} failed{}", failed.len(), made + failed.len(), failed.first().map_or(String::new(), |first| format!(", {first}"))),
        )
        .must(
            "a new certificate is served within 2 s",
            slowest <= SOON,
            format!("the slowest after {}", ms(slowest)),
        )
        .must(
            "bad files keep the old one and are counted",
            kept_old.is_empty() && refused_before == 0.0,
            if kept_old.is_empty() {
                "so it was, and no good pair was refused".to_owned()
            } else {
                format!("not so: {}", kept_old.join(", "))
            },
        )
        .must(
            "a revoked client is refused within 2 s",
            is_out && revoked_within <= SOON + Duration::from_millis(500),
            format!("after {}", ms(revoked_within)),
        )
        .must(
            "no connection is cut",
            broken == 0,
            format!("{broken} of {KEPT} broke"),
        ),
    );
}
