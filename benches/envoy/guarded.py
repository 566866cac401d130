"""What it costs to know who calls, whether it may, how often, and to say so: CPU time per request of one
Transom with a token (JWT, seen before), access rules, a rate limit, metrics and the access log, beside the same
one with none of that, in one run.

    guarded.py TRANSOM WORK [ROUNDS]

Each figure is the best of ROUNDS (5). Metrics cannot be switched off; here they are asked for once a second as
well. Exits with 1 if GET small costs more than 1.3 times as much.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

from loads import loads, run
from peer import free_port, wait_for_port

GOAL = 1.3
SECRET = b"a secret of more than thirty-two bytes"

POLICY = """
identity:
  issuers:
    - { issuer: bench, audiences: [transom], secret_file: secret, algorithms: [HS256] }
policy:
  - access:
      rules:
        - { name: readers, methods: [demo.echo.v1.*], effect: allow, when: { scopes: [read] } }
  - rate_limits:
      - { name: callers, by: [identity], calls: 1000000, per: 1s }
"""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token():
    """A token that is good for an hour."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"iss": "bench", "aud": "transom", "sub": "ada", "scope": "read", "exp": int(time.time()) + 3600}
    signed = b".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return (signed + b"." + base64url(hmac.new(SECRET, signed, hashlib.sha256).digest())).decode()


def main():
    binary, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    if not shutil.which("h2load"):
        sys.exit("h2load is not installed (Debian: apt-get install nghttp2-client)")
    work.mkdir(parents=True, exist_ok=True)
    (work / "secret").write_bytes(SECRET)
    ports = {name: free_port() for name in ("backend", "bare", "guarded", "admin")}
    base = f"workers: 1\nupstreams: {{ demo: {{ url: 'http://127.0.0.1:{ports['backend']}' }} }}\n"
    admin = f"admin: {{ listen: 127.0.0.1:{ports['admin']} }}\n"
    (work / "bare.yaml").write_text(base + "log: { level: error }\n")
    (work / "guarded.yaml").write_text(base + admin + "log: { level: info, format: json }\n" + POLICY)
    processes, over = [], threading.Event()

    def start(*command):
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1].pid

    def scrape():
        while not over.wait(1):
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['admin']}/metrics") as answer:
                answer.read()

    try:
        start(binary, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{ports['backend']}")
        wait_for_port(ports["backend"])
        pids = {
            name: start(binary, "serve", "--config", work / f"{name}.yaml", "--listen", f"127.0.0.1:{ports[name]}")
            for name in ("bare", "guarded")
        }
        for name in pids:
            wait_for_port(ports[name])
        threading.Thread(target=scrape, daemon=True).start()
        print("| load | bare µs | guarded µs | ratio |\n|---|---|---|---|")
        bearer = {"bare": [], "guarded": ["-H", f"authorization: Bearer {token()}"]}
        is_above = False
        for load in loads(work):
            if not load.path.startswith("/v1/echo/7"):
                continue

            def used(name, requests):
                url = f"http://127.0.0.1:{ports[name]}"
                return run(pids[name], url, load.path, [*load.arguments, *bearer[name]], requests)

            for name in pids:
                used(name, load.requests // 10)  # warm
            best = dict.fromkeys(pids, float("inf"))
            for _ in range(rounds):
                for name in pids:
                    best[name] = min(best[name], used(name, load.requests))
            ratio = best["guarded"] / best["bare"]
            is_above |= ratio > GOAL
            print(f"| {load.name} | {best['bare']:.1f} | {best['guarded']:.1f} | {ratio:.2f} |", flush=True)
        sys.exit(1 if is_above else 0)
    finally:
        over.set()
        for process in processes:
            process.terminate()


main()
