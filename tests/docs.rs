//! The documentation over real sockets: documents and pages as a reader gets them.

use http::{Method, StatusCode};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use transom::docs::Place;
use transom::docs::scalar::Scalar;

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

/// The text of a page.
async fn text(stack: &Stack, path: &str) -> String {
    stack.get(path).await.text().to_owned()
}

/// A folder for this process, empty.
fn folder(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test]
async fn revisions_are_kept_in_a_folder_and_told_after_a_start() {
    let folder = folder("revisions");
    let files = || {
        let files = std::fs::read_dir(&folder).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    };
    let with = |only: &'static [&str]| {
        let history = Some(folder.clone());
        Stack::with(move |config| {
            config.docs.history = history;
            config.docs.audience.only = only.iter().map(|one| one.parse().unwrap()).collect();
        })
    };
    let first = with(&[]).await;
    assert!(!text(&first, "/docs/changes.atom").await.contains("<entry>"));
    let newest = files();
    assert_eq!(newest.len(), 1, "{newest:?}");

    // An earlier revision, in which a method is missing.
    let mut set = FileDescriptorSet::decode(&*std::fs::read(&newest[0]).unwrap()).unwrap();
    for service in set.file.iter_mut().flat_map(|file| &mut file.service) {
        service.method.retain(|method| method.name() != "GetBook");
    }
    let earlier = folder.join("2020-02-03T04-05-06Z.binpb");
    std::fs::write(&earlier, set.encode_to_vec()).unwrap();

    let again = with(&[]).await;
    assert_eq!(
        files(),
        [earlier, newest[0].clone()],
        "a start is no revision"
    );
    let changes = text(&again, "/docs/changes").await;
    assert!(changes.contains("2020-02-03T04:05:06Z"), "{changes}");
    let page = text(&again, "/docs/demo.library.v1/LibraryService/GetBook").await;
    assert!(page.contains("changed <time datetime="), "{page}");
    let feed = again.get("/docs/changes.atom").await;
    assert_eq!(
        feed.header("content-type"),
        Some("application/atom+xml; charset=utf-8")
    );
    let entries = feed.text();
    assert!(
        entries.contains("demo.library.v1.LibraryService.GetBook&lt;/code&gt;: added"),
        "{entries}"
    );
    let known = [("if-none-match", feed.header("etag").unwrap())];
    let kept = ask(&again, Method::GET, "/docs/changes.atom", &known).await;
    assert_eq!(kept.status, StatusCode::NOT_MODIFIED);

    // Whoever may not see the method sees none of its changes.
    let narrow = with(&["demo.chat.v1.*"]).await;
    assert!(
        !text(&narrow, "/docs/changes.atom")
            .await
            .contains("GetBook")
    );
    assert!(!text(&narrow, "/docs/changes").await.contains("GetBook"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn words_of_the_operator_are_in_pages_documents_search_and_downloads() {
    let overlay = serde_json::json!({
        "methods": { "demo.library.v1.LibraryService.GetBook": {
            "summary": "Fetches one volume", "tags": ["Volumes"],
            "external_docs": { "url": "https://wiki.example.com/volumes" },
        } },
        "fields": { "demo.library.v1.Book.title": { "description": "As on its spine." } },
    });
    let overlay: transom::catalog::Overlay = serde_json::from_value(overlay).unwrap();
    let stack = Stack::with(|config| config.docs.overlay = Some(overlay.into())).await;
    let document = stack.get("/openapi/demo.library.v1.json").await.json();
    let get = &document["paths"]["/v1/shelves/{shelf}/books/{book}"]["get"];
    assert_eq!(get["summary"], "Fetches one volume");
    assert_eq!(get["tags"], serde_json::json!(["Volumes"]));
    assert_eq!(
        get["externalDocs"]["url"],
        "https://wiki.example.com/volumes"
    );
    let title = &document["components"]["schemas"]["demo.library.v1.Book"]["properties"]["title"];
    let description = title["description"].as_str().unwrap();
    assert!(description.starts_with("As on its spine."), "{description}");
    for path in [
        "/docs/demo.library.v1/LibraryService/GetBook",
        "/docs/demo.library.v1/LibraryService/GetBook.md",
        "/docs/demo.library.v1/LibraryService",
        "/docs/search.json",
        "/docs/demo.library.v1.postman.json",
        "/docs/demo.library.v1.bruno.json",
    ] {
        let page = text(&stack, path).await;
        assert!(page.contains("Fetches one volume"), "{path}: {page}");
    }
    let message = text(&stack, "/docs/demo.library.v1/messages/Book").await;
    assert!(message.contains("As on its spine."), "{message}");
}

#[tokio::test]
async fn scalar_is_there_where_its_script_is_and_has_a_policy_of_its_own() {
    let without = Stack::start().await;
    assert_eq!(
        without.get("/docs/scalar").await.status,
        StatusCode::NOT_FOUND
    );
    let stack = Stack::with(|config| {
        let scalar = Scalar::new(b"// a script".to_vec(), b"MIT License".to_vec());
        config.docs.scalar = Some(scalar);
    })
    .await;
    let page = stack.get("/docs/scalar").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("style-src 'self' 'unsafe-inline';"),
        "{policy}"
    );
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let html = page.text();
    assert!(html.contains("/openapi/demo.library.v1-3.2.json"), "{html}");
    let script = html
        .split("src=\"")
        .find(|rest| rest.contains("standalone."))
        .unwrap();
    let script = stack.get(script.split('"').next().unwrap()).await;
    assert_eq!(script.text(), "// a script");
    assert!(
        script
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    assert_eq!(text(&stack, "/docs/scalar/licence").await, "MIT License");
    let home = stack.get("/docs").await;
    assert!(home.text().contains("href=\"/docs/scalar\""));
    assert!(
        !home
            .header("content-security-policy")
            .unwrap()
            .contains("unsafe")
    );
}

#[tokio::test]
async fn live_answers_are_checked_against_their_documents_where_that_is_asked_for() {
    let off = Stack::start().await;
    let page = text(&off, "/docs/coverage").await;
    assert!(!page.contains("live answers"), "{page}");
    let stack = Stack::with(|config| config.docs.sample = 2).await;
    for _ in 0..2 {
        let answer = stack.get("/v1/shelves/fiction/books/1").await;
        assert_eq!(answer.json()["name"], "shelves/fiction/books/1");
        // Neither errors nor streams are counted; these are every second request.
        stack.get("/v1/shelves/fiction/books/no-such-book").await;
    }
    stack.get("/v1/shelves").await;
    loop {
        let page = text(&stack, "/docs/coverage").await;
        if page.contains("Checked against 3 live answers: 0 mismatches.") {
            break;
        }
        tokio::task::yield_now().await;
    }
}
