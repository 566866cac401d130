//! Another policy while a gateway runs.

use transom::policy::identify::KeysFrom;

use super::{Pair, bearer, configured, guarded, identity};
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{Script, Scripted};

const LIMIT: &str = "policy: [{ rate_limits: [{ name: all, calls: 2, per: 1h }] }]\n";

#[tokio::test]
async fn rules_come_and_go_with_a_reload_and_what_was_counted_counts_on() {
    let pair = Pair::new("a");
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let url = backend.url();
    let gateway = guarded(&url, "").await;
    let address = gateway.address();
    let code = async |ask: Ask| call(address, Dialect::Rest, &ask).await.code;
    assert_eq!(code(Ask::echo("a")).await, Some(0));

    let strict = identity(&[pair.jwk()], "");
    gateway
        .reload(configured(&url, &strict).gateway)
        .await
        .unwrap();
    assert_eq!(code(Ask::echo("a")).await, Some(16));
    let known = || Ask::echo("a").with("authorization", bearer(&pair.of("")));
    assert_eq!(code(known()).await, Some(0));

    let limited = format!("{strict}{LIMIT}");
    gateway
        .reload(configured(&url, &limited).gateway)
        .await
        .unwrap();
    assert_eq!(code(known()).await, Some(0));
    let two_limits = limited.replace("2, per", "2, keys: 65536, per");
    gateway
        .reload(configured(&url, &two_limits).gateway)
        .await
        .unwrap();
    assert_eq!(code(known()).await, Some(0));
    assert_eq!(code(known()).await, Some(8), "the first call counts on");

    // Keys that cannot be read: what was serves on.
    let mut broken = configured(&url, &strict).gateway;
    let identity = broken.policy.identity.as_mut().unwrap();
    identity.issuers[0].keys = KeysFrom::File("/nowhere/keys.json".into());
    let refused = gateway.reload(broken).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("/nowhere"), "{refused}");
    assert_eq!(code(known()).await, Some(8));

    gateway.reload(configured(&url, "").gateway).await.unwrap();
    assert_eq!(code(Ask::echo("a")).await, Some(0));
}
