"""CPU time per request of two Transoms in one run: of a change, and of what was before it.

    before.py TRANSOM BEFORE WORK [ROUNDS [PART]]

Both binaries stand before the same backend (TRANSOM's demo), have one worker thread, and get the loads of
`loads.py` by turns; each figure is the best of ROUNDS (5). With PART, only the loads whose name has that in it.
Prints a Markdown table, and exits with 1 if a load costs more than a tenth more than before.
"""

import pathlib
import shutil
import subprocess
import sys

from loads import loads, run
from peer import free_port, wait_for_port

GOAL = 1.1


def main():
    binaries = dict(zip(("transom", "before"), (pathlib.Path(name).resolve() for name in sys.argv[1:3])))
    work = pathlib.Path(sys.argv[3]).resolve()
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    part = sys.argv[5] if len(sys.argv) > 5 else ""
    if not shutil.which("h2load"):
        sys.exit("h2load is not installed (Debian: apt-get install nghttp2-client)")
    work.mkdir(parents=True, exist_ok=True)
    config = work / "one-worker.yaml"
    config.write_text("workers: 1\n")
    ports = {name: free_port() for name in ("backend", *binaries)}
    processes = []

    def start(*command):
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1].pid

    def serve(name):
        return start(
            binaries[name], "serve", "--config", config, "--upstream", f"http://127.0.0.1:{ports['backend']}",
            "--log-level", "error", "--listen", f"127.0.0.1:{ports[name]}",
        )

    try:
        start(binaries["transom"], "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{ports['backend']}")
        wait_for_port(ports["backend"])
        pids = {name: serve(name) for name in binaries}
        for name in pids:
            wait_for_port(ports[name])
        print("| load | before µs | now µs | ratio |\n|---|---|---|---|")
        above = 0
        for load in loads(work):
            if part not in load.name:
                continue

            def used(name, requests):
                return run(pids[name], f"http://127.0.0.1:{ports[name]}", load.path, load.arguments, requests)

            for name in pids:
                used(name, max(load.requests // 10, 100))  # warm
            best = dict.fromkeys(pids, float("inf"))
            for _ in range(rounds):
                for name in pids:
                    best[name] = min(best[name], used(name, load.requests))
            ratio = best["transom"] / best["before"]
            above += ratio > GOAL
            print(f"| {load.name} | {best['before']:.1f} | {best['transom']:.1f} | {ratio:.2f} |", flush=True)
        sys.exit(1 if above else 0)
    finally:
        for process in processes:
            process.terminate()


main()
