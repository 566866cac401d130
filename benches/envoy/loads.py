"""The loads all gateways get by turns, and what one costs: CPU microseconds of a process a request.

The load comes from h2load (Debian: nghttp2-client). CPU time is the scheduler's own count for the process's threads,
so a busy machine disturbs it little; what counts is a ratio of one run, not the microseconds.
"""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass

from peer import cpu_seconds


def order():
    """An order of about 11 KB JSON."""
    items = [
        {
            "sku": f"SKU-{i:05}", "title": f"Läufer \"No. {i}\" – 60 cm", "quantity": i % 7 + 1,
            "price": {"currencyCode": "EUR", "units": str(19 + i), "nanos": 990000000},
            "attributes": {"colour": "red", "size": str(i)}, "serials": [str(10**12 + i), str(10**12 + 2 * i)],
            "gift": i % 2 == 0,
        }
        for i in range(46)
    ]
    return json.dumps({
        "id": "order-1", "customer": "9007199254740993", "state": "SHIPPED",
        "createTime": "2024-02-29T12:00:00Z", "items": items, "note": "ring twice",
    }, ensure_ascii=False).encode()


@dataclass
class Load:
    name: str
    path: str
    arguments: list
    requests: int
    # Which of Envoy's ports speaks it, if one does.
    envoy: str | None
    # Whether the bare proxy speaks it.
    bare: bool = False
    # What of GOALS it is held to. Of large messages both do little but copy them, and the bare proxy
    # itself takes more than half of what Envoy takes.
    goals: tuple = ("envoy", "bare")


def enveloped(payload):
    return b"\0" + len(payload).to_bytes(4, "big") + payload


def loads(work):
    get = b"\x08\x07"  # GetRequest { id: 7 }
    note = b"n" * 10_240
    bodies = {
        "order.json": order(),
        "get.frame": enveloped(get),
        "get.text": base64.b64encode(enveloped(get)),
        "get.proto": get,
        "get.json": b'{"id":"7"}',
        "note.frame": enveloped(b"\x42\x80\x50" + note),  # Order { note }
    }
    for name, body in bodies.items():
        (work / name).write_bytes(body)

    def post(name, content_type, *more):
        headers = [f"content-type: {content_type}", *more]
        return ["-d", work / name, *(part for header in headers for part in ("-H", header))]

    http1, http2 = ["--h1", "-c8"], ["-c2", "-m8"]
    service = "/demo.echo.v1.EchoService/"
    web, text = "application/grpc-web+proto", "application/grpc-web-text+proto"
    connect = "connect-protocol-version: 1"
    return [
        Load("GET small JSON, HTTP/1.1", "/v1/echo/7", http1, 40_000, "rest"),
        Load("GET small JSON, HTTP/2", "/v1/echo/7", http2, 40_000, "rest"),
        Load("POST 11 KB JSON, echoed", "/v1/echo", [*http1, *post("order.json", "application/json")], 10_000, "rest"),
        Load("server stream of 1,000 messages", "/v1/echo:stream?count=1000", ["--h1", "-c4"], 400, "rest"),
        Load("gRPC-Web unary, HTTP/1.1", service + "Get", [*http1, *post("get.frame", web)], 40_000, "grpc_web", True),
        Load("gRPC-Web unary, HTTP/2", service + "Get", [*http2, *post("get.frame", web)], 40_000, "grpc_web", True),
        Load("gRPC-Web unary, 10 KiB, HTTP/1.1", service + "Echo", [*http1, *post("note.frame", web)], 20_000, "grpc_web", True, ("bare",)),
        Load("gRPC-Web unary, 10 KiB, HTTP/2", service + "Echo", [*http2, *post("note.frame", web)], 20_000, "grpc_web", True, ("bare",)),
        Load("gRPC-Web text unary, HTTP/1.1", service + "Get", [*http1, *post("get.text", text)], 40_000, "grpc_web"),
        Load("Connect unary proto, HTTP/1.1", service + "Get", [*http1, *post("get.proto", "application/proto", connect)], 40_000, "connect"),
        Load("Connect unary JSON, HTTP/1.1", service + "Get", [*http1, *post("get.json", "application/json", connect)], 40_000, None),
    ]


def run(pid, base, path, arguments, requests):
    """CPU microseconds a request."""
    command = ["h2load", f"-n{requests}", "-t1", *map(str, arguments), base + path]
    before = cpu_seconds(pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(pid) - before
    if f"{requests} succeeded, 0 failed, 0 errored" not in out or f"{requests} 2xx" not in out:
        sys.exit(f"the load failed: {' '.join(command)}\n{out}")
    return used / requests * 1e6
