//! Commands that work against a freshly started demo, one for each thing worth seeing first.

/// A command to copy into a shell, and what its answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it shows, in a few words.
    pub title: &'static str,
    /// The command, `{base}` standing for the gateway's address.
    pub template: &'static str,
    /// A part of the answer.
    pub expect: &'static str,
}

impl Example {
    /// The command for a gateway at `base`, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn command(&self, base: &str) -> String {
        self.template.replace("{base}", base)
    }
}

/// Paths of pages that a browser shows.
pub const PAGES: &[&str] = &[
    "/v1/shelves",
    "/v1/shelves/fiction/books",
    "/v1/isbn/9780141439563",
];

/// The examples, in the order to try them. Each works by itself, and again.
pub const EXAMPLES: &[Example] = &[
    Example {
        title: "a list",
        template: "curl '{base}/v1/shelves?pageSize=2'",
        expect: r#""nextPageToken":"#,
    },
    Example {
        title: "a resource by its name",
        template: "curl {base}/v1/shelves/fiction/books/1",
        expect: r#""publisher":"Chapman & Hall""#,
    },
    Example {
        title: "a query: repeated enum, field mask, duration",
        template: "curl '{base}/v1/shelves/-/books?genres=NOVEL&genres=POETRY&minLoanPeriod=1209600s&readMask=name,title'",
        expect: r#""totalSize":"#,
    },
    Example {
        title: "create",
        template: r#"curl --json '{"theme":"Travel"}' {base}/v1/shelves"#,
        expect: r#""theme":"Travel""#,
    },
    Example {
        title: "the same by a form",
        template: "curl -d theme=Travel {base}/v1/shelves",
        expect: r#""theme":"Travel""#,
    },
    Example {
        title: "change one field: the body says which",
        template: r#"curl -X PATCH --json '{"subtitle":"A Novel Without a Hero"}' {base}/v1/shelves/fiction/books/2"#,
        expect: r#""subtitle":"A Novel Without a Hero""#,
    },
    Example {
        title: "a server stream, a line of JSON each",
        template: "curl -N '{base}/v1/sensors/lab-1/readings:watch?count=3&interval=0.3s'",
        expect: r#""sequence":"2""#,
    },
    Example {
        title: "the same as server-sent events, for an EventSource",
        template: "curl -N -H 'accept: text/event-stream' '{base}/v1/sensors/lab-1/readings:watch?count=3&interval=0.3s'",
        expect: "data: {\"sensor\":\"lab-1\",\"sequence\":\"2\"",
    },
    Example {
        title: "the same as one JSON array",
        template: "curl -H 'accept: application/json' '{base}/v1/sensors/lab-1/readings:watch?count=3&interval=0.1s'",
        expect: ",{\"sensor\":\"lab-1\",\"sequence\":\"2\"",
    },
    Example {
        title: "a client stream: each line is a message",
        template: r#"printf '{"value":1}\n{"value":5}\n{"value":3}\n' | curl -s -T - -X POST {base}/v1/readings:report"#,
        expect: r#""mean":3"#,
    },
    Example {
        title: "a conversation: every line is answered as it comes",
        template: r#"(echo '{"text":"hello"}'; sleep 0.3; echo '{"text":"good-bye"}') | curl -sN --http2-prior-knowledge -T . -X POST {base}/v1/rooms/lobby:converse"#,
        expect: "good-bye! good-bye!",
    },
    Example {
        title: "download",
        template: "curl {base}/v1/shelves/fiction/books/1/cover",
        expect: "<svg",
    },
    Example {
        title: "upload",
        template: "curl -X PUT -H 'content-type: text/plain' --data-binary 'a white whale' {base}/v1/shelves/fiction/books/3/cover",
        expect: r#""size":"13""#,
    },
    Example {
        title: "the same by a form with a file",
        template: "printf 'a white whale' | curl -X PUT -F 'cover=@-;filename=whale.txt;type=text/plain' {base}/v1/shelves/fiction/books/3/cover",
        expect: r#""size":"13""#,
    },
    Example {
        title: "an upload of any size, in pieces",
        template: "head -c 10000000 /dev/zero | curl -s -T - -X POST -H 'content-type: application/x-demo' {base}/v1/echo:upload",
        expect: r#""size":"10000000""#,
    },
    Example {
        title: "a compressed answer, from 3 KB to less than 1",
        template: "curl -s --compressed -o /dev/null -w '%{size_download} bytes\\n' {base}/v1/shelves/fiction/books",
        expect: " bytes",
    },
    Example {
        title: "an error with its details",
        template: r#"curl --json '{"reader":"ada","days":14}' {base}/v1/shelves/poetry/books/1:borrow"#,
        expect: "type.googleapis.com/google.rpc.PreconditionFailure",
    },
    Example {
        title: "a mistake, explained",
        template: r#"curl --json '{"reader":"ada","days":14,"dais":1}' {base}/v1/shelves/fiction/books/1:borrow"#,
        expect: "dais",
    },
    Example {
        title: "a method without an annotation",
        template: r#"curl --json '{"genre":"NOVEL"}' {base}/demo.library.v1.LibraryService/CountBooks"#,
        expect: r#""count":"#,
    },
    Example {
        title: "the same as Connect's clients ask where nothing changes by it: GET, for caches",
        template: "curl '{base}/demo.library.v1.LibraryService/CountBooks?connect=v1&encoding=json&message=%7B%22genre%22%3A%22NOVEL%22%7D'",
        expect: r#""count":"#,
    },
    Example {
        title: "gRPC-Web, by hand",
        template: r"printf '\0\0\0\0\0' | curl -s -H 'content-type: application/grpc-web+proto' --data-binary @- {base}/demo.library.v1.LibraryService/CountBooks | tr -cd '[:print:]'",
        expect: "grpc-status:0",
    },
];
