"""OpenTelemetry's collector, told of one trace by all who take part in a call: a client with OpenTelemetry's SDK, the
gateway, and grpcio behind it, which `opentelemetry-instrument` instruments.

The collector gives on what it took as OTLP in JSON; the test reads that.
"""

import http.client
import http.server
import importlib
import json
import pathlib
import pkgutil
import sys
import threading

import grpc
import opentelemetry.semconv._incubating.attributes
import opentelemetry.semconv.attributes
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from processes import Gateway, free_port, kill, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 30

COLLECTOR = """\
receivers: {{ otlp: {{ protocols: {{ grpc: {{ endpoint: '127.0.0.1:{port}' }} }} }} }}
exporters:
  otlphttp:
    traces_endpoint: http://127.0.0.1:{sink}/v1/traces
    encoding: json
    compression: none
    retry_on_failure: {{ enabled: false }}
    sending_queue: {{ enabled: false }}
service: {{ pipelines: {{ traces: {{ receivers: [otlp], exporters: [otlphttp] }} }} }}
"""

# OTLP's numbers of the sides.
INTERNAL, SERVER, CLIENT = 1, 2, 3

# A method that answers, and one that finds nothing; its status is the backend's.
CALLS = {"ListItems": ("/v1/sites/north/items", 0), "GetItem": ("/v1/sites/north/items/none", 5)}

# The names of gRFC A72, which OpenTelemetry's conventions do not have; those of the gateway begin with its name.
GRFC = {"previous-rpc-attempts", "transparent-retry"}


class Sink:
    """Spans that the collector gave on, by trace."""

    def __init__(self):
        self.spans = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                export = json.loads(self.rfile.read(int(self.headers["content-length"])))
                for resource in export["resourceSpans"]:
                    service = attributes(resource["resource"])["service.name"]
                    for scope in resource["scopeSpans"]:
                        sink.spans += [{"service": service, **span} for span in scope["spans"]]
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, trace):
        return [span for span in list(self.spans) if span["traceId"] == trace]


def attributes(thing):
    """Values by key; each is one of several members in OTLP."""
    return {one["key"]: next(iter(one["value"].values()), None) for one in thing.get("attributes", [])}


def known():
    """All names of OpenTelemetry's conventions."""
    names = set()
    for package in (opentelemetry.semconv.attributes, opentelemetry.semconv._incubating.attributes):
        for module in pkgutil.iter_modules(package.__path__):
            found = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
            names |= {value for name, value in found.items() if name.isupper() and isinstance(value, str)}
    return names


def http_call(port, verb, path, kind, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(verb, path, body, {**kind, **headers})
        connection.getresponse().read()
    finally:
        connection.close()


def grpc_call(port, path, headers):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.unary_unary(path).future(b"", timeout=PATIENCE, metadata=tuple(headers.items())).exception()


def dialects(port, method):
    """The method called in each dialect, with an empty request, given headers."""
    path, binding = f"/warehouse.v1.Stock/{method}", CALLS[method][0]
    return {
        "rest": lambda headers: http_call(port, "GET", binding, {}, headers),
        "connect": lambda headers: http_call(port, "POST", path, {"content-type": "application/json"}, headers, "{}"),
        "grpc_web": lambda headers: http_call(
            port, "POST", path, {"content-type": "application/grpc-web+proto"}, headers, b"\0\0\0\0\0"
        ),
        "grpc": lambda headers: grpc_call(port, path, headers),
    }


def chain(spans):
    """The spans from the first caller to the last one called; None if they are none."""
    ids = {span["spanId"] for span in spans}
    found = [span for span in spans if span.get("parentSpanId", "") not in ids]
    if len(found) != 1:
        return None
    while len(found) < len(spans):
        below = [span for span in spans if span.get("parentSpanId") == found[-1]["spanId"]]
        if len(below) != 1:
            return None
        found += below
    return found


def run(check, programs, transom, program):
    sink, port, backend = Sink(), free_port(), free_port()
    config = programs.work / "collector.yaml"
    config.write_text(COLLECTOR.format(port=port, sink=sink.port))
    collector = programs.start("collector", port, program, "--config", config)
    programs.start(
        "warehouse", backend, pathlib.Path(sys.executable).with_name("opentelemetry-instrument"),
        sys.executable, ROOT / "tests/peers/server.py", backend, environment={
            "OTEL_SERVICE_NAME": "warehouse", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_INSECURE": "true",
        },
    )
    keys = f"traces: {{ endpoint: 'http://127.0.0.1:{port}', trust_inbound: true }}\n"
    gateway = Gateway(programs, transom, "traced", backend, keys)
    provider = TracerProvider(resource=Resource.create({"service.name": "client"}))
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}", insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")

    def traced(call):
        """Calls within a span of the client's; the trace."""
        with tracer.start_as_current_span("test", kind=SpanKind.CLIENT) as span:
            headers = {}
            inject(headers)
            call(headers)
            return format(span.get_span_context().trace_id, "032x")

    conventions = known()
    for method, (_, code) in CALLS.items():
        rpc = f"warehouse.v1.Stock/{method}"
        for dialect, call in dialects(gateway.port, method).items():
            trace = traced(call)
            what = f"traces, {dialect}, {method}"
            until(f"{what}: five spans come", lambda: len(sink.of(trace)) >= 5)
            spans = chain(sink.of(trace))
            check(f"{what}: one calls the other", spans is not None, True)
            check(f"{what}: client, gateway and backend", [(one["service"], one["kind"]) for one in spans], [
                ("client", CLIENT), ("transom", SERVER), ("transom", CLIENT), ("transom", INTERNAL),
                ("warehouse", SERVER),
            ])
            own = spans[1:4]
            names = [rpc, rpc, f"Attempt.{rpc.replace('/', '.')}"]
            check(f"{what}: names", [one["name"] for one in own], names)
            starts = [int(one["startTimeUnixNano"]) for one in spans]
            ends = [int(one["endTimeUnixNano"]) for one in own]
            check(f"{what}: times", (starts == sorted(starts), ends == sorted(ends, reverse=True)), (True, True))
            check(f"{what}: what a client did wrong is no error of the gateway's", own[0]["status"].get("code"), None)
            said = [attributes(one) for one in own]
            keys = ("rpc.response.status_code", "rpc.method", "rpc.system.name")
            expected = ("OK" if code == 0 else "NOT_FOUND", rpc, "connectrpc" if dialect == "connect" else "grpc")
            check(f"{what}: status, method and system", tuple(map(said[0].get, keys)), expected)
            alien = {key for one in said for key in one if not key.startswith("gateway.")} - conventions - GRFC
            check(f"{what}: names of attributes are OpenTelemetry's", alien, set())

    rest = dialects(gateway.port, "ListItems")["rest"]
    kill(collector)
    rest({})
    collector = programs.start("collector", port, program, "--config", config)
    until("spans come again", lambda: "transom" in {one["service"] for one in sink.of(traced(rest))})
    check("traces: a collector that was gone is told again", True, True)
