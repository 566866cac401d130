"""Programs under test: started, found ready, stopped, stunned and killed."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, condition):
    """What the condition gave, once it gave something; the time is a bound."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"FAILED waited {PATIENCE} s in vain: {what}")


def takes_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


class Programs:
    """All that run; they end with the block."""

    def __init__(self, work):
        self.work = work
        self.running = []

    def start(self, name, port, *command, environment=None):
        """A program that will take connections at a port, once it does; its standard input stays open."""
        log = (self.work / f"{name}.log").open("a")
        environment = {**os.environ, **(environment or {})}
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self.work,
            env=environment,
        )
        self.running.append(process)
        until(f"{name} listens", lambda: takes_connections(port) or process.poll() is not None)
        if process.poll() is not None:
            sys.exit(f"FAILED {name} ended: see {self.work / name}.log")
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Gateway:
    """A gateway before a backend, with more of a configuration."""

    def __init__(self, programs, transom, name, backend, keys):
        self.port, self.admin = free_port(), free_port()
        config = programs.work / f"{name}.yaml"
        config.write_text(
            f"listen: 127.0.0.1:{self.port}\nadmin: {{ listen: 127.0.0.1:{self.admin} }}\nlog: {{ format: json }}\n"
            f"upstreams: {{ demo: {{ url: 'http://127.0.0.1:{backend}' }} }}\n{keys}"
        )
        programs.start(name, self.port, transom, "serve", "--config", config)
        until(f"{name} is ready", self.is_ready)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False

    def decisions(self):
        """How often steps decided what, by step, decision and rule."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = {}
        for labels, count in re.findall(r"^gateway_policy_decisions_total\{(.*)\} (\d+)$", text, re.M):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            found[labels["step"], labels["decision"], labels["rule"]] = int(count)
        return found


def kill(process):
    process.kill()
    process.wait()


class Stunned:
    """A process that does nothing during the block, and whose connections stay."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        self.process.send_signal(signal.SIGSTOP)
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat")
        until("the process is stopped", lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)


class Checks:
    """What was checked; ends the run at the first that is not as expected."""

    def __init__(self):
        self.passed = 0

    def __call__(self, what, found, expected):
        if found != expected:
            sys.exit(f"FAILED {what}\n  found    {found!r}\n  expected {expected!r}")
        self.passed += 1
        print(f"ok {what}")


def quickest(times, ask):
    """Milliseconds of the quickest of some calls, and what they answered; a busy machine makes calls slower, never
    quicker."""
    spent, answers = [], []
    for _ in range(times):
        began = time.monotonic()
        answers.append(ask())
        spent.append((time.monotonic() - began) * 1000)
    return min(spent), answers
