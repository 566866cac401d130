//! Routing as tables.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

mod naive;

struct Table(Vec<(&'static str, &'static str)>, Routes);

fn table(rows: &[(&'static str, &'static str)]) -> Table {
    let mut routes = Routes::default();
    for (method, template) in rows {
        routes
            .insert(&Template::parse(template).unwrap(), method)
            .unwrap();
    }
    Table(rows.to_vec(), routes)
}

impl Table {
    /// `template [captures]`, `405 allow`, or `404`.
    fn show(&self, method: &str, path: &str) -> String {
        match self.1.find(method, path) {
            Match::Found { target, captures } => {
                let values: Vec<_> = captures.iter().map(|c| &path[c.clone()]).collect();
                format!("{} {values:?}", self.0[target].1)
            }
            Match::WrongVerb { allow } => format!("405 {}", allow.join(",")),
            Match::None => "404".to_owned(),
        }
    }

    fn check(&self, rows: &[(&str, &str, &str)]) {
        for (method, path, expected) in rows {
            assert_eq!(self.show(method, path), *expected, "{method} {path}");
        }
    }
}

#[test]
fn a_literal_precedes_one_segment_precedes_the_rest() {
    table(&[
        ("GET", "/v1/{name=**}"),
        ("GET", "/v1/shelves/{shelf}"),
        ("GET", "/v1/shelves/first"),
        ("GET", "/v1/{kind}/first/pages"),
        ("GET", "/v1"),
        ("GET", "/"),
    ])
    .check(&[
        ("GET", "/v1/shelves/first", "/v1/shelves/first []"),
        ("GET", "/v1/shelves/2", r#"/v1/shelves/{shelf} ["2"]"#),
        // Back-tracking: `shelves` and `first` lead nowhere, `*` does.
        (
            "GET",
            "/v1/shelves/first/pages",
            r#"/v1/{kind}/first/pages ["shelves"]"#,
        ),
        (
            "GET",
            "/v1/shelves/first/covers",
            r#"/v1/{name=**} ["shelves/first/covers"]"#,
        ),
        ("GET", "/v1", "/v1 []"),
        ("GET", "/v1/", r#"/v1/{name=**} [""]"#),
        ("GET", "/v1/shelves/", r#"/v1/{name=**} ["shelves/"]"#),
        ("GET", "/v1//x", r#"/v1/{name=**} ["/x"]"#),
        ("GET", "/", "/ []"),
        ("GET", "//", "404"),
        ("GET", "", "404"),
        ("GET", "*", "404"),
        ("GET", "v1", "404"),
        ("GET", "/v2", "404"),
    ]);
}

#[test]
fn empty_segments_and_trailing_slashes_count() {
    table(&[
        ("GET", "/a/{x}"),
        ("GET", "/b"),
        ("GET", "/c/{x=**}"),
        ("GET", "/d/{x}/e"),
    ])
    .check(&[
        ("GET", "/a/", "404"),
        ("GET", "/a", "404"),
        ("GET", "/a//", "404"),
        ("GET", "/a/b/", "404"),
        ("GET", "/b/", "404"),
        ("GET", "//b", "404"),
        ("GET", "/c", r#"/c/{x=**} [""]"#),
        ("GET", "/c/", r#"/c/{x=**} [""]"#),
        ("GET", "/c/1//2/", r#"/c/{x=**} ["1//2/"]"#),
        ("GET", "/d//e", "404"),
        ("GET", "/a/x;y=1", r#"/a/{x} ["x;y=1"]"#),
    ]);
}

#[test]
fn the_http_method_counts_in_matching() {
    table(&[
        ("POST", "/v1/shelves/first"),
        ("GET", "/v1/shelves/{shelf}"),
        ("DELETE", "/v1/{name=**}"),
        ("*", "/any/{x}"),
        ("PUT", "/any/{x}"),
        ("OPTIONS", "/options"),
    ])
    .check(&[
        (
            "GET",
            "/v1/shelves/first",
            r#"/v1/shelves/{shelf} ["first"]"#,
        ),
        (
            "HEAD",
            "/v1/shelves/first",
            r#"/v1/shelves/{shelf} ["first"]"#,
        ),
        (
            "DELETE",
            "/v1/shelves/first",
            r#"/v1/{name=**} ["shelves/first"]"#,
        ),
        (
            "PUT",
            "/v1/shelves/first",
            "405 DELETE,GET,HEAD,OPTIONS,POST",
        ),
        (
            "OPTIONS",
            "/v1/shelves/first",
            "405 DELETE,GET,HEAD,OPTIONS,POST",
        ),
        (
            "get",
            "/v1/shelves/first",
            "405 DELETE,GET,HEAD,OPTIONS,POST",
        ),
        ("PUT", "/v1", "405 DELETE,OPTIONS"),
        ("REPORT", "/any/1", r#"/any/{x} ["1"]"#),
        ("HEAD", "/any/1", r#"/any/{x} ["1"]"#),
        (
            "OPTIONS",
            "/any/1",
            "405 DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
        ),
        ("OPTIONS", "/options", "/options []"),
        ("GET", "/nothing", "404"),
    ]);
}

#[test]
fn the_longest_bound_verb_that_ends_the_path() {
    table(&[
        ("GET", "/foo/{id}"),
        ("POST", "/foo/{id}:cancel"),
        ("GET", "/foo/{id}:b"),
        ("GET", "/foo/{id}:a:b"),
        ("POST", "/bar/{id}:cancel"),
        ("GET", "/baz/{name=**}:raw"),
        ("GET", "/lit:x"),
    ])
    .check(&[
        ("GET", "/foo/a:b", r#"/foo/{id}:b ["a"]"#),
        ("GET", "/foo/x:a:b", r#"/foo/{id}:a:b ["x"]"#),
        ("GET", "/foo/x:y:b", r#"/foo/{id}:b ["x:y"]"#),
        ("GET", "/foo/x:y", r#"/foo/{id} ["x:y"]"#),
        ("POST", "/foo/x:cancel", r#"/foo/{id}:cancel ["x"]"#),
        // Bound, but not for GET: the colon is part of the value.
        ("GET", "/foo/x:cancel", r#"/foo/{id} ["x:cancel"]"#),
        ("DELETE", "/foo/x:cancel", "405 GET,HEAD,OPTIONS,POST"),
        // An escaped colon never starts a verb.
        ("GET", "/foo/x%3Ab", r#"/foo/{id} ["x%3Ab"]"#),
        ("POST", "/foo/x%3Acancel", "405 GET,HEAD,OPTIONS"),
        // An empty value is none.
        ("GET", "/foo/:b", r#"/foo/{id} [":b"]"#),
        // `:raw` is bound elsewhere, `:cancel` on no GET path.
        ("GET", "/foo/x:raw", r#"/foo/{id} ["x:raw"]"#),
        (
            "POST",
            "/bar/x:cancel:cancel",
            r#"/bar/{id}:cancel ["x:cancel"]"#,
        ),
        ("POST", "/bar/x", "404"),
        ("POST", "/bar/x:other", "404"),
        ("GET", "/baz:raw", r#"/baz/{name=**}:raw [""]"#),
        ("GET", "/baz/a/b:raw", r#"/baz/{name=**}:raw ["a/b"]"#),
        ("GET", "/baz/a:raw/b", "404"),
        ("GET", "/lit:x", "/lit:x []"),
        ("GET", "/lit", "404"),
        ("GET", "/lit:", "404"),
    ]);
}

#[test]
fn literals_compare_decoded_and_an_escaped_slash_never_splits() {
    table(&[
        ("GET", "/café/{x}"),
        ("GET", "/a%2Fb"),
        ("GET", "/x/{a}/y/{b=**}/z"),
    ])
    .check(&[
        ("GET", "/caf%C3%A9/1", r#"/café/{x} ["1"]"#),
        ("GET", "/caf%c3%a9/a%2Fb", r#"/café/{x} ["a%2Fb"]"#),
        ("GET", "/café/%zz", r#"/café/{x} ["%zz"]"#),
        ("GET", "/a%2Fb", "/a%2Fb []"),
        ("GET", "/a/b", "404"),
        ("GET", "/%61%2fb", "/a%2Fb []"),
        ("GET", "/caf%C3%A/1", "404"),
        ("GET", "/x/1/y/z", r#"/x/{a}/y/{b=**}/z ["1", ""]"#),
        ("GET", "/x/1/y/2/3/z", r#"/x/{a}/y/{b=**}/z ["1", "2/3"]"#),
        ("GET", "/x/1/y/z/z", r#"/x/{a}/y/{b=**}/z ["1", "z"]"#),
    ]);
}

#[test]
fn variables_after_the_rest_are_found_from_the_end() {
    table(&[("GET", "/{a=**}/m/{b}/{c=x/*}")]).check(&[
        (
            "GET",
            "/m/1/x/2",
            r#"/{a=**}/m/{b}/{c=x/*} ["", "1", "x/2"]"#,
        ),
        (
            "GET",
            "/p/q/m/1/x/2",
            r#"/{a=**}/m/{b}/{c=x/*} ["p/q", "1", "x/2"]"#,
        ),
        ("GET", "/p/q/m/1/x", "404"),
    ]);
}

#[test]
fn one_shape_is_bound_once() {
    let mut routes = Routes::default();
    let mut insert =
        |text: &str, method: &str| routes.insert(&Template::parse(text).unwrap(), method);
    assert_eq!(insert("/v1/{name=shelves/*}", "GET"), Ok(0));
    assert_eq!(insert("/v1/shelves/{id}", "GET"), Err(Refused::Taken(0)));
    assert_eq!(insert("/v1/%73helves/*", "GET"), Err(Refused::Taken(0)));
    assert_eq!(insert("/v1/shelves/{id}", "POST"), Ok(1));
    assert_eq!(insert("/v1/shelves/{id}:x", "GET"), Ok(2));
    assert_eq!(insert("/v1/shelves/**", "GET"), Ok(3));
    assert_eq!(insert("/v1/shelves/{id}", "*"), Ok(4));
}

#[test]
fn finding_a_route_allocates_nothing() {
    let table = table(&[
        ("GET", "/v1/{a}/{b}/{c}/d%20d/{e}:verb"),
        ("GET", "/v1/{name=**}/end"),
        ("POST", "/v1/{a}/x"),
    ]);
    for path in [
        "/v1/1/2%2F/3:4/d%20d/5:verb",
        "/v1/1/2/3/%64 d/%20:%76erb/6/7/8/9/end",
        "/v1/end",
    ] {
        let counted = allocation_counter::measure(|| {
            assert!(
                matches!(table.1.find("GET", path), Match::Found { .. }),
                "{path}"
            );
        });
        assert_eq!(counted.count_total, 0, "{path}");
    }
}

#[test]
fn the_trie_is_bounded() {
    let template = |text: &str| Template::parse(text).unwrap();
    let mut routes = Routes::default();
    routes.insert(&template("/x"), "GET").unwrap();
    routes.nodes.resize_with(NODES_MAX - 2, Node::default);
    assert_eq!(
        routes.insert(&template("/a/b/c"), "GET"),
        Err(Refused::Full)
    );
    assert_eq!(routes.insert(&template("/a/b"), "GET"), Ok(1));
    assert!(matches!(
        routes.find("GET", "/a/b"),
        Match::Found { target: 1, .. }
    ));

    let mut routes = Routes::default();
    let spans = || Spans {
        variables: Vec::new(),
        segments: 1,
        rest: None,
    };
    routes.targets.resize_with(ROUTES_MAX, spans);
    assert_eq!(routes.insert(&template("/a"), "GET"), Err(Refused::Full));
}

#[test]
fn ten_thousand_routes_cost_what_ten_do() {
    let mut routes = Routes::default();
    for n in 0..10_000 {
        let text = format!("/v1/kind{n}/{{id}}/part{}", n % 7);
        routes
            .insert(&Template::parse(&text).unwrap(), "GET")
            .unwrap();
    }
    for n in [0, 1, 4_999, 9_999] {
        let path = format!("/v1/kind{n}/x/part{}", n % 7);
        let Match::Found { target, captures } = routes.find("GET", &path) else {
            panic!("{path}")
        };
        assert_eq!((target, &path[captures[0].clone()]), (n, "x"));
        let mut steps = STEPS_MAX;
        let mut walk = Walk {
            routes: &routes,
            path: path.as_bytes(),
            steps: &mut steps,
        };
        let _ = walk.node(ROOT, Some(1), &mut |_| ControlFlow::<()>::Continue(()));
        assert!(STEPS_MAX - steps <= 6, "{} steps", STEPS_MAX - steps);
    }
}

#[test]
fn hostile_templates_and_paths_cost_little() {
    let mut routes = Routes::default();
    // Every mix of `a` and `*` ten deep, below a `**`.
    for mix in 0..1024_u32 {
        let text: String = (0..10)
            .map(|bit| if mix >> bit & 1 == 1 { "/a" } else { "/*" })
            .collect();
        routes
            .insert(
                &Template::parse(&format!("/**{text}/end:v")).unwrap(),
                "GET",
            )
            .unwrap();
    }
    for path in [
        "/a".repeat(4096),
        "/".repeat(8192),
        format!("/{}", ":v".repeat(4096)),
        format!("/{}", "%3A:".repeat(2048)),
    ] {
        assert_eq!(routes.find("GET", &path), Match::None);
    }
}

proptest! {
    #[test]
    fn captures_rebuild_the_path(values in proptest::collection::vec("[a-c:%/]{0,6}", 3)) {
        let mut routes = Routes::default();
        let template = Template::parse("/p/{a}/{b=**}/q/{c}").unwrap();
        routes.insert(&template, "GET").unwrap();
        let path = format!("/p/{}/{}/q/{}", values[0], values[1], values[2]);
        if let Match::Found { captures, .. } = routes.find("GET", &path) {
            let [a, b, c] = [0, 1, 2].map(|n| &path[captures[n].clone()]);
            let rebuilt = if b.is_empty() { format!("/p/{a}/q/{c}") } else { format!("/p/{a}/{b}/q/{c}") };
            prop_assert!(rebuilt == path || b.is_empty(), "{rebuilt} {path}");
        }
    }
}
