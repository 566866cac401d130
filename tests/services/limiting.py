"""Envoy's rate-limit server on Redis, asked by two gateways about calls of every dialect."""

import collections
import concurrent.futures
import pathlib
import shutil

import dialects
from processes import Gateway, Stunned, free_port, kill, quickest, until

HERE = pathlib.Path(__file__).resolve().parent

POLICY = """\
policy:
  - global_rate_limits:
      server: http://127.0.0.1:{port}
      domain: transom
      timeout: {timeout}
      on_failure: {failure}
      descriptors:
        - {{ methods: [demo.echo.v1.EchoService.Metadata], entries: [method, "header:x-tenant"] }}
"""
# Calls a day that limits.yaml lets a tenant make.
LIMIT = 3


def redis(programs, port):
    return programs.start(
        "redis", port, "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no",
    )


def ratelimit(programs, program, port, store, age="24h"):
    """The server; a connection is closed by it at some age."""
    folder = programs.work / "limits/config"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "limits.yaml", folder)
    return programs.start("ratelimit", port, program, environment={
        "RUNTIME_ROOT": str(programs.work), "RUNTIME_SUBDIRECTORY": "limits", "RUNTIME_WATCH_ROOT": "false",
        "HOST": "127.0.0.1", "PORT": str(free_port()), "DEBUG_HOST": "127.0.0.1", "DEBUG_PORT": str(free_port()),
        "GRPC_HOST": "127.0.0.1", "GRPC_PORT": str(port), "USE_STATSD": "false", "LOG_LEVEL": "warn",
        "REDIS_SOCKET_TYPE": "tcp", "REDIS_URL": f"127.0.0.1:{store}", "LIMIT_RESPONSE_HEADERS_ENABLED": "true",
        "GRPC_MAX_CONNECTION_AGE": age, "GRPC_MAX_CONNECTION_AGE_GRACE": "5s",
    })


def run(check, programs, transom, backend, program):
    store, port = free_port(), free_port()
    kept = redis(programs, store)
    server = ratelimit(programs, program, port, store)

    def gateway(name, timeout, failure):
        keys = POLICY.format(port=port, timeout=timeout, failure=failure)
        return Gateway(programs, transom, name, backend, keys)

    first, second = gateway("limited", "20ms", "open"), gateway("limited-closed", "20ms", "closed")

    def ask(dialect, tenant, gateway=first):
        return dialects.DIALECTS[dialect](gateway.port, {"x-tenant": tenant})

    def counts():
        """Whether the server is asked again: for a tenant of its own each time."""
        counts.made += 1
        return "ratelimit-limit" in ask("REST", f"probe-{counts.made}").headers

    counts.made = 0
    until("the server counts", counts)
    for dialect in dialects.DIALECTS:
        tenant = f"of {dialect}"
        passed = [ask(dialect, tenant) for _ in range(LIMIT)]
        names = ("ratelimit-limit", "ratelimit-remaining")
        left = [(one.code, *map(one.headers.get, names)) for one in passed]
        window = f"{LIMIT}, {LIMIT};w=86400"
        check(f"limits, {dialect}: what is left is told", left, [(0, window, str(LIMIT - 1 - n)) for n in range(LIMIT)])
        over = ask(dialect, tenant)
        check(f"limits, {dialect}: one too many", (over.code, over.status), (8, dialects.STATUSES[dialect] or 429))
        wait, reset = over.headers.get("retry-after"), over.headers.get("ratelimit-reset")
        check(f"limits, {dialect}: when to come again", (wait, 0 < int(wait) <= 86400), (reset, True))
        check(f"limits, {dialect}: the limit that it is over", over.headers.get("ratelimit-limit"), window)
        check(f"limits, {dialect}: the detail", "google.rpc.RetryInfo" in over.details, True)

    codes = [ask(dialect, "every dialect").code for dialect in dialects.DIALECTS]
    check("limits: all dialects count together", codes, [0, 0, 0, 8])
    codes = [ask("REST", "shared", one).code for one in (first, second, first, second, first)]
    check("limits: two gateways have one limit", codes, [0, 0, 0, 8, 8])
    codes = [ask("gRPC", "unlimited") for _ in range(LIMIT + 2)]
    check("limits: an unlimited tenant", {one.code for one in codes}, {0})
    window = ask("REST", "weekly").headers.get("ratelimit-limit")
    check("limits: one of a week", window, f"{LIMIT}, {LIMIT};w=604800")
    codes = [ask("Connect", "shadow") for _ in range(LIMIT + 2)]
    check("limits: a limit in shadow mode refuses nothing", {one.code for one in codes}, {0})
    answers = [dialects.rest(one.port, {}) for one in (first, second) for _ in range(LIMIT + 1)]
    found = {(one.code, "ratelimit-limit" in one.headers) for one in answers}
    check("limits: calls without a header of the descriptor do not count", found, {(0, False)})

    with Stunned(server):
        for dialect in dialects.DIALECTS:
            spent, answers = quickest(5, lambda: ask(dialect, f"of {dialect}"))
            check(f"limits, the server stands still, {dialect}: passes", {one.code for one in answers}, {0})
            check(f"limits, the server stands still, {dialect}: after 20 ms ({spent:.0f} ms)", 20 <= spent < 60, True)
        check("limits, the server stands still: refused where it is said", ask("REST", "x", second).code, 7)
    until("the server counts again", counts)

    kill(kept)
    for dialect in dialects.DIALECTS:
        answers = [ask(dialect, f"of {dialect}") for _ in range(3)]
        check(f"limits, Redis is killed, {dialect}: passes", {one.code for one in answers}, {0})
    check("limits, Redis is killed: refused where it is said", ask("gRPC", "x", second).code, 7)
    redis(programs, store)
    until("the server counts again", counts)
    codes = [ask("gRPC", "later").code for _ in range(LIMIT + 1)]
    check("limits, Redis is back: it counts again", codes, [0] * LIMIT + [8])

    kill(server)
    for dialect in dialects.DIALECTS:
        answers = [ask(dialect, "later") for _ in range(3)]
        check(f"limits, the server is killed, {dialect}: passes", {one.code for one in answers}, {0})
    check("limits, the server is killed: refused where it is said", ask("gRPC-Web", "x", second).code, 7)
    server = ratelimit(programs, program, port, store)
    until("the server counts again", counts)
    check("limits, the server is back: its counts are Redis'", ask("REST", "later").code, 8)
    decided = [(decision, rule) for step, decision, rule in first.decisions() if step == "global_rate_limits"]
    found = {(decision, rule) for decision, rule in decided if decision != "allowed"}
    counted = {("refused", "tenant"), ("unanswered", "timeout"), ("unanswered", "failed")}
    check("limits: what was decided is counted", found, counted)

    kill(server)
    ratelimit(programs, program, port, store, age="50ms")
    patient = gateway("limited-patient", "5s", "closed")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = collections.Counter(pool.map(lambda _: ask("REST", "unlimited", patient).code, range(2000)))
    check("limits, the server ends connections that are 50 ms old: no call notices", codes, {0: 2000})
