//! The templates, a way to call each. What the method decides is filled in here; what a request decides is
//! a placeholder.

use super::super::{Body, Method, Operation, Response, Service};
use super::{Template, names};
use crate::schema::{HTTP_BODY, Shape};

/// What the placeholders of a template are until the request is known.
const CURL: &str = "\
{{curl:raw}} {{url:shell}}
  -H {{header.line:shell}}
  --json {{body_text:shell}}
  -H 'content-type: application/octet-stream' --data-binary @file{{file:raw}}";

const CURL_STREAM: &str = "\
{{curl:raw}} -N {{url:shell}}
  -H {{header.line:shell}}
  -H 'accept: application/x-ndjson'
  --json {{body_text:shell}}";

const CURL_UPLOADS: &str = "\
printf '%s\\n' {{body_lines:shell}} |
  {{curl:raw}} -N -T - {{url:shell}}
  -H {{header.line:shell}}
  -H 'content-type: application/x-ndjson'";

const CURL_FILE: &str = "\
{{curl:raw}} {{url:shell}}
  -H {{header.line:shell}}
  -H 'content-type: application/octet-stream' -T file";

const FETCH: &str = "\
const response = await fetch({{url:string}}, {
  method: {{verb:string}},
  headers: {{has_headers:raw}}{
    {{header.name:string}}: {{header.value:string}},
    \"content-type\": \"application/json\",{{json:raw}}
    \"content-type\": file.type,{{file:raw}}
  },{{has_headers:raw}}
  body: JSON.stringify({{body:json}}),
  body: {{bodies:json}}.map((message) => JSON.stringify(message)).join(\"\\n\"),
  body: file, // a File or a Blob{{file:raw}}
});
if (!response.ok) throw new Error((await response.json()).message);
";

const FETCH_ONE: &str = "console.log(await response.json());";

const FETCH_BYTES: &str = "const blob = await response.blob();
console.log(blob.type, blob.size);";

const FETCH_LINES: &str = "let held = \"\";
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (held + text).split(\"\\n\");
  held = lines.pop();
  for (const line of lines) console.log(JSON.parse(line));
}";

const SOCKET: &str = "\
const socket = new WebSocket({{socket:string}}, [\"transom.json\"]);
socket.onopen = () => {
  for (const message of {{messages:json}}) {
    socket.send(JSON.stringify(message));
  }
  socket.send(\"\\n\"); // no more from here
};
// The last one is {\"@status\": …}.
socket.onmessage = ({ data }) => console.log(JSON.parse(data));";

const SHELL_CALL: &str = "\
  -H {{header.line:shell}}
  -d {{message_lines:shell}}
";

/// True for a sample of a binding: a method without one has none.
pub(super) fn needs_operation(template: &Template) -> bool {
    matches!(template.label, "curl" | "fetch")
}

/// Every way that there is for a method of this shape.
pub(super) fn all(service: &Service, method: &Method) -> Vec<Template> {
    let mut made = Vec::new();
    let shape = method.served.shape;
    let mut add = |lang, label, text: String| made.push(Template { lang, label, text });
    if let Some(operation) = method.operations.first() {
        add("Shell", "curl", curl(method, operation).to_owned());
        add("JavaScript", "fetch", fetch(shape, operation));
    }
    if shape.takes_stream() {
        // gRPC-Web's and Connect's clients in browsers cannot send a stream.
        add("JavaScript", "WebSocket", SOCKET.to_owned());
    } else {
        add("TypeScript", "gRPC-Web", grpc_web(service, method));
    }
    add("TypeScript", "Connect", connect(service, method));
    add("Shell", "grpcurl", grpcurl(method));
    add("Shell", "buf curl", buf_curl(method));
    add("Rust", "tonic", tonic(service, method));
    add("Python", "grpcio", python(service, method));
    made
}

fn curl(method: &Method, operation: &Operation) -> &'static str {
    let shape = method.served.shape;
    if shape.takes_stream() {
        return if is_bytes_in(method, operation) {
            CURL_FILE
        } else {
            CURL_UPLOADS
        };
    }
    match (shape, &operation.response) {
        (Shape::Unary, _) | (_, Response::HttpBody) => CURL,
        _ => CURL_STREAM,
    }
}

/// True if the body is a file.
pub(crate) fn is_bytes_in(method: &Method, operation: &Operation) -> bool {
    let of = |kind: prost_reflect::Kind| {
        kind.as_message()
            .is_some_and(|message| message.full_name() == HTTP_BODY)
    };
    match &operation.body {
        Body::None => false,
        Body::Message { .. } => method.served.http_body_input,
        Body::Field { field, .. } => field.last().is_some_and(|field| of(field.kind())),
    }
}

fn fetch(shape: Shape, operation: &Operation) -> String {
    let answer = match (shape, &operation.response) {
        (_, Response::HttpBody) => FETCH_BYTES,
        (Shape::Unary | Shape::ClientStream, _) => FETCH_ONE,
        (Shape::ServerStream | Shape::Bidi, _) => FETCH_LINES,
    };
    format!("{FETCH}{answer}")
}

/// Imports of the messages, and of the service where it is asked for.
fn es_imports(service: &Service, method: &Method, wanted: &[&str]) -> String {
    let (input, output) = (method.descriptor.input(), method.descriptor.output());
    let file = method.descriptor.parent_service().parent_file();
    let mut modules: Vec<(String, Vec<String>)> = Vec::new();
    let mut add =
        |module: String, name: String| match modules.iter_mut().find(|(one, _)| *one == module) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => modules.push((module, vec![name])),
        };
    for part in wanted {
        match *part {
            "service" => add(names::es_module(file.name()), service.short.clone()),
            "input" => add(
                names::es_module(input.parent_file().name()),
                format!("{}Schema", names::es_name(&input)),
            ),
            _ => add(
                names::es_module(output.parent_file().name()),
                format!("{}Schema", names::es_name(&output)),
            ),
        }
    }
    modules
        .iter()
        .map(|(module, names)| format!("import {{ {} }} from \"{module}\";\n", names.join(", ")))
        .collect()
}

fn grpc_web(service: &Service, method: &Method) -> String {
    let input = names::es_name(&method.descriptor.input());
    let output = names::es_name(&method.descriptor.output());
    let path = &method.served.path;
    let imports = es_imports(service, method, &["input", "output"]);
    let (kind, call, rest) = if method.served.shape == Shape::Unary {
        (
            "UNARY",
            "const response = await client.thenableCall",
            "console.log(response);",
        )
    } else {
        (
            "SERVER_STREAMING",
            "const stream = client.serverStreaming",
            "stream.on(\"data\", (message) => console.log(message));\n\
             stream.on(\"error\", (error) => console.error(error.code, error.message));",
        )
    };
    format!(
        "import {{ fromBinary, fromJson, toBinary }} from \"@bufbuild/protobuf\";\n\
         import {{ GrpcWebClientBase, MethodDescriptor, MethodType }} from \"grpc-web\";\n\
         {imports}\n\
         const method = new MethodDescriptor(\n  \"{path}\", MethodType.{kind}, Object as any, Object as any,\n  \
         (request: any) => toBinary({input}Schema, request),\n  \
         (bytes: any) => fromBinary({output}Schema, bytes),\n);\n\
         const client = new GrpcWebClientBase({{ format: \"text\" }});\n\
         const request = fromJson({input}Schema, {{{{message:json}}}});\n\
         {call}({{{{rpc:string}}}}, request, {{}}, method);{{{{without_headers:raw}}}}\n\
         {call}({{{{rpc:string}}}}, request, {{{{with_headers:raw}}}}{{\n  \
         {{{{header.name:string}}}}: {{{{header.value:string}}}},\n\
         }}, method);{{{{with_headers:raw}}}}\n{rest}"
    )
}

fn connect(service: &Service, method: &Method) -> String {
    let input = names::es_name(&method.descriptor.input());
    let name = names::lower_first(&method.served.name);
    let imports = es_imports(service, method, &["service", "input"]);
    let shape = method.served.shape;
    let (transport, options) = if shape.takes_stream() {
        ("connect-node", ", httpVersion: \"2\"")
    } else {
        ("connect-web", "")
    };
    let head = format!(
        "import {{ fromJson }} from \"@bufbuild/protobuf\";\n\
         import {{ createClient }} from \"@connectrpc/connect\";\n\
         import {{ createConnectTransport }} from \"@connectrpc/{transport}\";\n\
         {imports}\n\
         const transport = createConnectTransport({{ baseUrl: {{{{base:string}}}}{options} }});\n\
         const client = createClient({}, transport);\n",
        service.short
    );
    let request = if shape.takes_stream() {
        format!(
            "async function* requests() {{\n  for (const message of {{{{messages:json}}}}) {{\n    \
             yield fromJson({input}Schema, message);\n  }}\n}}\n"
        )
    } else {
        format!("const request = fromJson({input}Schema, {{{{message:json}}}});\n")
    };
    let argument = if shape.takes_stream() {
        "requests()"
    } else {
        "request"
    };
    let (before, after) = match shape {
        Shape::Unary | Shape::ClientStream => ("const response = await ", ";"),
        Shape::ServerStream | Shape::Bidi => ("for await (const message of ", ") {"),
    };
    let rest = match shape {
        Shape::Unary | Shape::ClientStream => "console.log(response);",
        Shape::ServerStream | Shape::Bidi => "  console.log(message);\n}",
    };
    let call = format!(
        "{before}client.{name}({argument}){after}{{{{without_headers:raw}}}}\n\
         {before}client.{name}({argument}, {{{{with_headers:raw}}}}{{\n  \
         headers: {{{{with_headers:raw}}}}{{\n    \
         {{{{header.name:string}}}}: {{{{header.value:string}}}},\n  \
         }},{{{{with_headers:raw}}}}\n\
         }}){after}{{{{with_headers:raw}}}}\n{rest}"
    );
    format!("{head}{request}{call}")
}

fn grpcurl(method: &Method) -> String {
    let call = method.served.path.trim_start_matches('/');
    format!(
        "# api.binpb: the descriptor set of these pages' downloads\n\
         grpcurl -protoset api.binpb\n  -plaintext{{{{plaintext:raw}}}}\n{SHELL_CALL}  \
         {{{{authority:shell}}}} {call}"
    )
}

fn buf_curl(method: &Method) -> String {
    let both = if method.served.shape.takes_stream() {
        "  --http2-prior-knowledge{{plaintext:raw}}\n"
    } else {
        ""
    };
    format!(
        "# api.binpb: the descriptor set of these pages' downloads\n\
         buf curl --schema api.binpb\n{both}{SHELL_CALL}  {{{{base:shell}}}}{}",
        method.served.path
    )
}

fn tonic(service: &Service, method: &Method) -> String {
    let package = method.descriptor.parent_service().package_name().to_owned();
    let module = match package.as_str() {
        "" => String::new(),
        package => format!("{}::", names::rust_module(package)),
    };
    let (client, space) = (names::camel(&service.short), names::snake(&service.short));
    let name = names::identifier(&names::snake(&method.served.name));
    let shape = method.served.shape;
    let what = if shape.takes_stream() {
        "tokio_stream::iter({{messages:rust}})"
    } else {
        "{{message:rust}}"
    };
    let answer = match shape {
        Shape::Unary | Shape::ClientStream => format!(
            "    let response = client.{name}(request).await?;\n    println!(\"{{:?}}\", response.into_inner());\n"
        ),
        Shape::ServerStream | Shape::Bidi => format!(
            "    let mut stream = client.{name}(request).await?.into_inner();\n    \
             while let Some(message) = stream.message().await? {{\n        println!(\"{{message:?}}\");\n    }}\n"
        ),
    };
    format!(
        "use {module}{{{space}_client::{client}Client, *}};\n\n\
         #[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let mut client = {client}Client::connect({{{{base:rust}}}}).await?;\n    \
         let request = tonic::Request::new({what});{{{{without_headers:raw}}}}\n    \
         let mut request = tonic::Request::new({what});{{{{with_headers:raw}}}}\n    \
         request.metadata_mut().insert({{{{header.name:rust}}}}, {{{{header.value:rust}}}}.parse()?);\n\
         {answer}    Ok(())\n}}"
    )
}

fn python(service: &Service, method: &Method) -> String {
    let file = method.descriptor.parent_service().parent_file();
    let input = method.descriptor.input();
    let (import, _) = names::python_module(file.name(), "_pb2_grpc");
    let stub = names::python_module(file.name(), "_pb2_grpc").1;
    let (messages, module) = names::python_module(input.parent_file().name(), "_pb2");
    let request = format!("{module}.{}", names::nested(&input));
    let name = &method.served.name;
    let shape = method.served.shape;
    let (made, argument) = if shape.takes_stream() {
        (
            format!(
                "    messages = {{{{messages:python}}}}\n    \
                 requests = (ParseDict(message, {request}()) for message in messages)\n"
            ),
            "requests",
        )
    } else {
        (
            format!("    request = ParseDict({{{{message:python}}}}, {request}())\n"),
            "request",
        )
    };
    let (before, after, rest) = match shape {
        Shape::Unary | Shape::ClientStream => ("print(", ")", ""),
        Shape::ServerStream | Shape::Bidi => ("for message in ", ":", "\n        print(message)"),
    };
    let answer = format!(
        "    {before}client.{name}({argument}){after}{{{{without_headers:raw}}}}\n    \
         {before}client.{name}({argument}, metadata=[{{{{with_headers:raw}}}}\n        \
         ({{{{header.name:string}}}}, {{{{header.value:string}}}}),\n    \
         ]){after}{{{{with_headers:raw}}}}{rest}"
    );
    format!(
        "import grpc\nfrom google.protobuf.json_format import ParseDict\n{messages}\n{import}\n\n\
         with grpc.insecure_channel({{{{authority:string}}}}) as channel:{{{{plaintext:raw}}}}\n\
         with grpc.secure_channel({{{{authority:string}}}}, grpc.ssl_channel_credentials()) as channel:{{{{secure:raw}}}}\n    \
         client = {stub}.{}Stub(channel)\n{made}{answer}",
        service.short
    )
}
