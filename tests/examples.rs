//! Every example runs and finds what it expects. They are included rather than started, so that
//! they link into the one test binary.

#[allow(unreachable_pub)]
#[path = "../examples/upstream.rs"]
mod upstream;

#[tokio::test]
async fn a_backend_of_ones_own() {
    upstream::check().await.unwrap();
}
