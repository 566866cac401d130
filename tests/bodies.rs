//! Request bodies other than JSON, as curl and browsers send them, through a real gateway.

use std::process::Command;

use http::Method;

use crate::support::{Stack, has_curl};

/// What curl prints for these arguments.
async fn curl(arguments: &[String]) -> String {
    let mut command = Command::new("curl");
    command.args(["-s", "--max-time", "20"]).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_and_uploads_of_curl() {
    if !has_curl() {
        return;
    }
    let stack = Stack::start().await;
    let base = format!("http://{}", stack.address());
    let folder = std::env::temp_dir().join(format!("transom-upload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Bytes that a boundary could be looked for in, and every other.
    let content: Vec<u8> = (0..=255u8)
        .chain(*b"\r\n--\r\n")
        .cycle()
        .take(100_000)
        .collect();
    let file = folder.join("a \"quoted\" name.png");
    std::fs::write(&file, &content).unwrap();

    let arguments = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let shelves = format!("{base}/v1/shelves");
    let made = curl(&arguments(&[
        "--data-urlencode",
        "theme=Sea & Ships+",
        &shelves,
    ]))
    .await;
    assert!(made.contains(r#""theme":"Sea & Ships+""#), "{made}");
    let refused = curl(&arguments(&["-d", r#"{"theme":"Sea"}"#, &shelves])).await;
    assert!(
        refused.contains("content-type: application/json"),
        "{refused}"
    );

    let cover = format!("{base}/v1/shelves/fiction/books/3/cover");
    let part = format!(
        "cover=@\"{}\"",
        file.display().to_string().replace('"', "\\\"")
    );
    let kept = curl(&arguments(&["-X", "PUT", "-F", &part, &cover])).await;
    assert!(kept.contains(r#""size":"100000""#), "{kept}");
    let got = stack.get("/v1/shelves/fiction/books/3/cover").await;
    assert_eq!(got.header("content-type"), Some("image/png"));
    assert_eq!(got.body, content);
    std::fs::remove_dir_all(folder).unwrap();
}

/// `null` clears a field, because the mask that the gateway fills in names it; without a mask the
/// backend could not tell it from a field that was not given.
#[tokio::test]
async fn a_patch_clears_what_it_gives_as_null() {
    let stack = Stack::start().await;
    let book = "/v1/shelves/fiction/books/2";
    let patch = async |query: &str, body: &str| {
        let path = format!("{book}{query}");
        let headers = [("content-type", "application/json")];
        let answer = stack
            .send(Method::PATCH, &path, &headers, body.to_owned())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let before = stack.get(book).await.json();
    assert!(before["title"].is_string(), "{before}");
    let set = patch("", r#"{"subtitle":"A Novel"}"#).await;
    assert_eq!(
        (&set["subtitle"], &set["title"]),
        (&"A Novel".into(), &before["title"])
    );
    let kept = patch(
        "?updateMask=title",
        &format!(r#"{{"subtitle":null,"title":{}}}"#, before["title"]),
    )
    .await;
    assert_eq!(kept["subtitle"], "A Novel");
    let cleared = patch("", r#"{"subtitle":null}"#).await;
    assert!(cleared.get("subtitle").is_none(), "{cleared}");
    assert_eq!(cleared["title"], before["title"]);
}
