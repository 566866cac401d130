//! A step of your own in the policy chain: it looks at every call before it is made, in every dialect.
//!
//! ```text
//! cargo run --example interceptor
//! ```
//!
//! Starts the demo backend and a gateway whose policy has one step, which wants to know for whom a call is
//! made, and counts how calls end.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use transom::call::gate::{Asked, Change, Decision, Ended, Interceptor, Passed, Refused};
use transom::call::{Code, Status};
use transom::gateway::{Config, Gateway};
use transom::policy::StepConfig;

/// Longest answer the example reads.
const ANSWER_MAX: u64 = 64 * 1024;

/// What the step is called in logs and metrics.
const NAME: &str = "tenants";

/// Lets calls pass that name a tenant.
#[derive(Debug, Default)]
struct Tenants {
    ended: AtomicUsize,
}

impl Interceptor for Tenants {
    fn before<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        let Some(tenant) = asked.headers.get("x-tenant") else {
            let status = Status::gateway(Code::PermissionDenied, "expected a header x-tenant");
            return Decision::refuse(Refused::new(NAME, status));
        };
        let name = HeaderName::from_static("x-billed-to");
        let seen = HeaderName::from_static("x-tenant-seen");
        Decision::Now(Ok(Passed {
            // Whatever the client says there, the backend reads what stands here.
            changes: vec![Change::Set(name, tenant.clone())],
            response_headers: vec![(seen, HeaderValue::from_static("yes"))],
            ..Passed::default()
        }))
    }

    fn ended(&self, ended: &Ended<'_>) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        println!("{} ended with {}", ended.method.path, ended.status.code);
    }
}

/// Runs the example and checks what it got.
pub async fn check() -> Result<(), Box<dyn Error>> {
    let backend = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", backend.local_addr()?);
    let backend = tokio::spawn(transom::demo::serve(backend, std::future::pending()));

    let tenants = Arc::new(Tenants::default());
    let mut config = Config::for_upstream(&url)?;
    config.policy.steps.push(StepConfig::Custom {
        name: NAME,
        interceptor: Arc::clone(&tenants) as Arc<dyn Interceptor>,
    });
    let gateway = Gateway::start(config, |_| {}).await?;

    let mut answers = Vec::new();
    for header in ["x-other: a", "x-tenant: acme"] {
        let mut stream = TcpStream::connect(gateway.address()).await?;
        let request = format!(
            "GET /v1/echo:metadata HTTP/1.1\r\nhost: localhost\r\n{header}\r\n\
             x-billed-to: nobody\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(ANSWER_MAX).read_to_string(&mut answer).await?;
        println!("{answer}\n");
        answers.push(answer);
    }
    gateway.drain().await;
    backend.abort();

    let [refused, passed] = answers.as_slice() else {
        return Err("two answers were expected".into());
    };
    let is_refused = refused.starts_with("HTTP/1.1 403") && refused.contains("x-tenant");
    let has_passed = passed.starts_with("HTTP/1.1 200")
        && passed.contains("x-tenant-seen: yes")
        && passed.contains(r#""x-billed-to":{"values":["acme"]"#);
    if is_refused && has_passed && tenants.ended.load(Ordering::Relaxed) == 2 {
        Ok(())
    } else {
        Err("one call was to be refused, the other to pass, and both to be counted".into())
    }
}

#[tokio::main]
#[allow(
    dead_code,
    reason = "the tests include this file and call its functions"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    check().await
}
