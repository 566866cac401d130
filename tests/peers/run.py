"""Runs the warehouse (grpcio), Transom in front of it, and clients of other makers against both.

    run.py TRANSOM WORK

TRANSOM is the gateway's binary, WORK a folder for what gets installed. The gateway is given
nothing but the backend's address: the schema comes by reflection. Calls are made by curl, by two
gRPC-Web clients from npm in Node, and by grpcio itself through the gateway. `endpoints.py` has several
warehouses behind one gateway.
"""

import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
passed = 0


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def install(work):
    """A Python environment and a node_modules folder, made once per requirement."""
    work.mkdir(parents=True, exist_ok=True)
    for lock, make in (("requirements.txt", python_environment), ("package.json", node_modules)):
        stamp = work / lock
        if not stamp.exists() or stamp.read_text() != (HERE / lock).read_text():
            make(work)
            shutil.copy(HERE / lock, stamp)


def python_environment(work):
    sh(sys.executable, "-m", "venv", work / "venv")
    sh(work / "venv/bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt")


def node_modules(work):
    shutil.copy(HERE / "package.json", work / "package.json")
    sh("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", work)


def first_line(process, wanted):
    """Reads lines until one contains `wanted`, and returns what follows it on the line."""
    for line in process.stdout:
        if wanted in line:
            return line.split(wanted, 1)[1].split()[0]
    sys.exit(f"a process ended before it said {wanted!r}")


def curl(base, path, *arguments, stdin=None):
    """The status and the body of one curl call."""
    out = sh(
        "curl", "-sS", "-w", "\n%{http_code}", *arguments, base + path,
        capture_output=True, input=stdin,
    ).stdout.decode()
    body, status = out.rsplit("\n", 1)
    return int(status), body


def check(name, found, expected):
    global passed
    if found != expected:
        sys.exit(f"FAILED {name}\n  found    {found!r}\n  expected {expected!r}")
    passed += 1
    print(f"ok {name}")


def rest(base):
    item = {
        "displayName": "Crate", "quantity": "12", "condition": "USED", "tags": ["a", "b"],
        "bins": {"x": 1}, "unNumber": "UN1", "storedAt": "2024-02-29T12:00:00.5Z",
        "shelfLife": "3.5s", "note": "", "labels": {"deep": [1, None, {"k": True}]},
        "barcode": "AP+A", "priority": 0, "dimensions": [{"axis": "x", "centimetres": 1.5}],
        "serial": "18446744073709551615",
    }
    stored = {"name": "sites/north/items/c1", **item, "storedAt": "2024-02-29T12:00:00.500Z", "shelfLife": "3.500s"}
    status, body = curl(
        base, "/v1/sites/north/items?itemId=c1", "-H", "content-type: application/json", "-d", json.dumps(item)
    )
    check("POST body: \"item\" with every kind of field", (status, json.loads(body)), (200, stored))
    status, body = curl(base, "/v1/sites/north/items/c1")
    check("GET by resource name", (status, json.loads(body)), (200, stored))
    status, body = curl(base, "/v1/items/sites/north/items/c1:lookup")
    check("GET by an additional binding with ** and a verb", (status, json.loads(body)), (200, stored))
    status, body = curl(base, "/v1/sites/north/items?conditions=USED&conditions=2&filter.min_quantity=12")
    check("GET with a nested and a repeated query", (status, len(json.loads(body)["items"])), (200, 1))
    status, body = curl(base, "/v1/sites/north/items/c1:adjust", "-d", '{"by": -2}')
    check("JSON that curl calls a form", (status, "application/json" in body), (400, True))
    status, body = curl(
        base, "/v1/sites/north/items/c1:adjust", "-H", "content-type: application/json", "-d", '{"by": -2}'
    )
    check("POST with a custom verb", (status, json.loads(body)["quantity"]), (200, "10"))
    status, body = curl(
        base, "/v1/sites/north/items/c1:adjust", "-H", "content-type: application/json", "-d", '{"by": -20}'
    )
    check("FAILED_PRECONDITION", (status, json.loads(body)["code"]), (400, 9))
    status, body = curl(base, "/v1/sites/north/items/none")
    check("NOT_FOUND with its details", (status, json.loads(body)), (404, {
        "code": 5, "message": "no item is named 'sites/north/items/none' — né?",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resourceType": "warehouse.v1/Item", "resourceName": "sites/north/items/none",
        }],
    }))
    status, body = curl(base, "/v1/sites/north/items:watch?changes=3")
    check("a server stream", [json.loads(line)["sequence"] for line in body.splitlines()], [1, 2, 3])
    status, body = curl(base, "/v1/sites/north/items:watch?changes=3&failAfter=1")
    lines = [json.loads(line) for line in body.splitlines()]
    check("a stream that breaks says so", (len(lines), lines[1]["error"]["code"]), (2, 15))
    status, body = curl(
        base, "/warehouse.v1.Stock/CountItems", "-H", "content-type: application/json", "-d", '{"parent": "sites/north"}'
    )
    check("an rpc without annotation", (status, json.loads(body)), (200, {"count": "1"}))
    status, body = curl(
        base, "/v1/sites/north/items?itemId=c2", "-H", "content-type: application/json", "-d", '{"quantity": 1.5}'
    )
    check("a wrong value names its field", (status, json.loads(body)["details"][0]["fieldViolations"][0]["field"]), (400, "item.quantity"))
    check("a wrong verb", curl(base, "/v1/sites/north/items/c1", "-X", "PUT")[0], 405)
    check("HTTP/2 by prior knowledge", curl(base, "/v1/sites/north/items/c1", "--http2-prior-knowledge")[0], 200)
    many = [f"/v1/sites/north/items?itemId=z{n}" for n in range(20)]
    for url in many:
        curl(base, url, "-H", "content-type: application/json", "-d", json.dumps(item))
    status, plain = curl(base, "/v1/sites/north/items")
    check("curl --compressed", curl(base, "/v1/sites/north/items", "--compressed"), (status, plain))
    status, _ = curl(
        base, "/v1/sites/north/items?itemId=zz", "-H", "content-type: application/json",
        "-H", "content-encoding: gzip", "--data-binary", "@-", stdin=gzip.compress(json.dumps(item).encode()),
    )
    check("a body by Python's gzip", status, 200)
    for name in [url.rpartition("=")[2] for url in many] + ["zz"]:
        curl(base, f"/v1/sites/north/items/{name}", "-X", "DELETE")
    check("DELETE", curl(base, "/v1/sites/north/items/c1", "-X", "DELETE"), (200, "{}"))


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    install(work)
    python = work / "venv/bin/python"
    descriptors = work / "warehouse.binpb"
    backend = subprocess.Popen(
        [python, HERE / "server.py", "0", descriptors], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    gateway = None
    try:
        port = first_line(backend, "listening on ")
        gateway = subprocess.Popen(
            [transom, "serve", "--upstream", f"http://127.0.0.1:{port}", "--listen", "127.0.0.1:0", "--log", "human"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        base = first_line(gateway, "listening on ").strip()
        rest(base)
        shutil.copy(HERE / "client.mjs", work / "client.mjs")
        sh("node", work / "client.mjs", base, descriptors)
        sh(python, HERE / "client.py", base.removeprefix("http://"))
        sh(python, HERE / "endpoints.py", transom, work)
        print(f"{passed} REST checks passed")
    finally:
        for process in (gateway, backend):
            if process:
                process.terminate()
                process.wait(timeout=30)


main()
