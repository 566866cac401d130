//! The documentation over real sockets: documents and pages as a reader gets them.

use http::{Method, StatusCode};
use transom::docs::Place;

use crate::support::{Answer, Stack, Version, send};

/// A gateway whose operators have a port of their own.
async fn stack(place: Place) -> Stack {
    Stack::with(|config| {
        config.docs.place = place;
        config.admin = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

async fn ask(stack: &Stack, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(stack.address(), Version::Http1, method, path, headers, "").await
}

#[tokio::test]
async fn documents_are_made_of_what_is_served_in_every_version() {
    let stack = stack(Place::Public).await;
    for (path, version) in [
        ("/openapi.json", "3.1.0"),
        ("/openapi-3.2.json", "3.2.0"),
        ("/openapi.json?version=3.0", "3.0.3"),
        ("/openapi/demo.library.v1.json", "3.1.0"),
        ("/openapi/demo.library.v1.LibraryService-3.2.json", "3.2.0"),
    ] {
        let answer = stack.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let document = answer.json();
        assert_eq!(document["openapi"], version, "{path}");
        let get = &document["paths"]["/v1/shelves/{shelf}"]["get"];
        assert_eq!(
            get["operationId"]
                .as_str()
                .unwrap_or_default()
                .rsplit('_')
                .next(),
            Some("GetShelf"),
            "{path}"
        );
        let server = format!("http://{}", stack.address());
        assert_eq!(document["servers"][0]["url"], server, "{path}");
    }
    let yaml = stack.get("/openapi.yaml").await;
    assert_eq!(yaml.header("content-type"), Some("application/yaml"));
    assert!(yaml.text().contains("openapi: "), "{}", yaml.text());
    let missing = stack.get("/openapi/no.such.v1.json").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let index = stack.get("/openapi/index.json").await.json();
    let packages = index["packages"].as_array().unwrap();
    for package in packages {
        let path = package["document"].as_str().unwrap();
        assert_eq!(stack.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert!(packages.len() >= 4, "{index}");
}

#[tokio::test]
async fn a_document_is_the_same_until_the_schema_changes() {
    let stack = stack(Place::Public).await;
    let first = stack.get("/openapi.json").await;
    let again = stack.get("/openapi.json").await;
    assert_eq!(first.body, again.body);
    let tag = first.header("etag").unwrap();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let known = [("if-none-match", tag)];
    let kept = ask(&stack, Method::GET, "/openapi.json", &known).await;
    assert_eq!(
        (kept.status, kept.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    let head = ask(&stack, Method::HEAD, "/openapi.json", &[]).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    let post = ask(&stack, Method::POST, "/openapi.json", &[]).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
    // What a reader says of where the gateway is stands in no text that it could break out of.
    let host = [("host", "a.example\"><script>")];
    let strange = ask(&stack, Method::GET, "/openapi.json", &host).await;
    assert!(!strange.text().contains("<script>"));
}

#[tokio::test]
async fn pages_ask_for_nothing_from_outside_and_run_no_script_of_others() {
    let stack = stack(Place::Public).await;
    for path in [
        "/docs",
        "/docs/demo.library.v1",
        "/docs/swagger/",
        "/docs/no-such-page",
    ] {
        let answer = stack.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(
        stack.get("/docs/no-such-page").await.status,
        StatusCode::NOT_FOUND
    );
    let swagger = stack.get("/docs/swagger").await;
    assert_eq!(swagger.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(swagger.header("location"), Some("/docs/swagger/"));
    let chosen = stack.get("/docs/swagger/swagger-initializer.js").await;
    assert!(chosen.text().contains("/openapi/demo.library.v1.json"));
}

#[tokio::test]
async fn the_documentation_can_be_the_operators_alone_or_nobodys() {
    let stack_of = |place| stack(place);
    for (place, public, admin) in [
        (Place::Public, true, true),
        (Place::Admin, false, true),
        (Place::Off, false, false),
    ] {
        let stack = stack_of(place).await;
        let operators = stack.gateway.admin_address().unwrap();
        for path in ["/docs", "/openapi.json"] {
            let is_there = stack.get(path).await.status == StatusCode::OK;
            assert_eq!(is_there, public, "{path} {place:?}");
            let answer = send(operators, Version::Http1, Method::GET, path, &[], "").await;
            assert_eq!(answer.status == StatusCode::OK, admin, "{path} {place:?}");
        }
        let live = send(operators, Version::Http1, Method::GET, "/livez", &[], "").await;
        assert_eq!(live.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn other_paths_and_public_urls_can_be_chosen() {
    let stack = Stack::with(|config| {
        config.docs.path = "/reference".to_owned();
        config.docs.openapi_path = "/reference-documents".to_owned();
        config.docs.openapi.servers = vec!["https://api.example.com".to_owned()];
        config.docs.openapi.title = Some("Libraries".to_owned());
        config.docs.audience.only = vec!["demo.library.v1.*".parse().unwrap()];
    })
    .await;
    for path in ["/docs", "/openapi.json"] {
        assert_eq!(
            stack.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(stack.get("/reference").await.status, StatusCode::OK);
    let document = stack.get("/reference-documents.json").await.json();
    assert_eq!(document["info"]["title"], "Libraries");
    assert_eq!(document["servers"][0]["url"], "https://api.example.com");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/v1/shelves") && !paths.keys().any(|path| path.contains("echo")));
    let hidden = stack.get("/reference-documents/demo.echo.v1.json").await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_message_has_a_json_schema_that_stands_by_itself() {
    let stack = stack(Place::Public).await;
    let path = "/docs/demo.library.v1/messages/Book.schema.json";
    let answer = stack.get(path).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let schema = answer.json();
    assert_eq!(schema["$ref"], "#/$defs/demo.library.v1.Book");
    assert!(!answer.text().contains("#/components"));
    let judge = jsonschema::validator_for(&schema).unwrap();
    let book = stack.get("/v1/shelves/fiction/books/1").await.json();
    assert!(judge.is_valid(&book), "{book}");
    assert!(!judge.is_valid(&serde_json::json!({ "title": 1 })));
}
