"""Several grpcio servers behind one gateway, and one that takes a single call at a time.

    endpoints.py TRANSOM WORK

TRANSOM is the gateway's binary, WORK a folder for its configuration. Calls are made by grpcio; every
server says who it is in the metadata of its answers.
"""

import collections
import concurrent.futures
import pathlib
import subprocess
import sys
import threading
import time

import grpc

HERE = pathlib.Path(__file__).resolve().parent

# Seconds until something has to have happened.
PATIENCE = 30

# An empty ListItemsRequest; the answer is looked at by nobody.
REQUEST = b""


def start(*command, **options):
    """A process that will say where it listens."""
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, **options)


def port(process):
    """Where it listens, once it does."""
    for line in process.stdout:
        if "listening on " in line:
            found = line.split("listening on ", 1)[1].split()[0]
            return found.rpartition(":")[2]
    sys.exit(f"{process.args[0]} ended before it listened")


class Servers:
    """Servers of the warehouse, and a gateway before them."""

    def __init__(self, transom, work, count, keys, *options):
        command = [sys.executable, HERE / "server.py", "0", *options]
        self.processes = [start(*command, stdin=subprocess.PIPE) for _ in range(count)]
        self.names = [str(process.pid) for process in self.processes]
        endpoints = [f"      - address: 127.0.0.1:{port(process)}\n" for process in self.processes]
        config = work / f"endpoints-{count}.yaml"
        config.write_text(
            f"listen: 127.0.0.1:0\nupstreams:\n  stock:\n    endpoints:\n{''.join(endpoints)}{keys}"
        )
        gateway = start(transom, "serve", "--config", config, "--log", "human", stderr=subprocess.DEVNULL)
        self.processes.append(gateway)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port(gateway)}")
        self.count_items = self.channel.unary_unary("/warehouse.v1.Stock/CountItems")

    def call(self):
        """Who answered one call; the call's error if it failed."""
        _, call = self.count_items.with_call(REQUEST, timeout=PATIENCE)
        return dict(call.initial_metadata())["x-server"]

    def shares(self, calls):
        """Who answered how many of so many calls."""
        return collections.Counter(self.call() for _ in range(calls))

    def say(self, number, word):
        """Tells a server how healthy it is to be."""
        self.processes[number].stdin.write(word + "\n")
        self.processes[number].stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=PATIENCE)


def until(what, happened):
    """Waits for something; the time is a bound, and nothing is measured."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            sys.exit(f"FAILED {what}: not within {PATIENCE} s")


def check(what, holds, found):
    if not holds:
        sys.exit(f"FAILED {what}: found {found}")
    print(f"ok {what}")


def spread(servers):
    # How healthy they are is known when each has said so, and counts from then on.
    until("all serve", lambda: set(servers.shares(30)) == set(servers.names))
    found = servers.shares(300)
    check("round robin over three servers", all(95 <= found[name] <= 105 for name in servers.names), found)


def unwell(servers):
    ill = servers.names[0]
    servers.say(0, "NOT_SERVING")
    until("a server that says it does not serve gets no calls", lambda: ill not in servers.shares(30))
    found = servers.shares(300)
    others = [found[name] for name in servers.names[1:]]
    check("one that does not serve gets no call, the others all", ill not in found and min(others) >= 145, found)
    servers.say(0, "SERVING")
    until("a server that serves again gets calls again", lambda: ill in servers.shares(30))
    print("ok one that serves again gets calls again")


def killed(servers):
    """One server dies under calls that may be repeated: nobody notices."""
    lanes, calls = 8, 120
    made = threading.Semaphore(0)

    def lane():
        failed = []
        for _ in range(calls):
            try:
                servers.call()
            except grpc.RpcError as error:
                failed.append(f"{error.code()}: {error.details()}")
            made.release()
        return failed

    with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
        running = [pool.submit(lane) for _ in range(lanes)]
        for _ in range(lanes * calls // 4):
            made.acquire()
        servers.processes[1].kill()
        failed = [error for one in running for error in one.result()]
    check("a server that is killed under calls costs none", not failed, failed)
    found = servers.shares(60)
    check("the others have all calls", servers.names[1] not in found and len(found) == 2, found)


def crowded(servers):
    """More calls at once than there are streams: they wait, and none is refused."""
    running = [
        servers.count_items.future(REQUEST, timeout=PATIENCE, metadata=(("x-rest", "0.005"),)) for _ in range(200)
    ]
    codes = collections.Counter(call.code() for call in running)
    check("200 calls at once, one stream a connection", codes == {grpc.StatusCode.OK: 200}, codes)


def main():
    transom, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    keys = "    balance: { policy: round_robin }\n    health: { check: true }\n"
    with Servers(transom, work, 3, keys) as servers:
        spread(servers)
        unwell(servers)
        killed(servers)
    with Servers(transom, work, 1, "", "--streams", "1") as servers:
        crowded(servers)


main()
