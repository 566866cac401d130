"""Policies decided by servers of other makers: OPA by ext_authz, Envoy's rate-limit server by global_rate_limits.

    run.py TRANSOM WORK [--opa-plugin PROGRAM]

TRANSOM is the gateway's binary, WORK a folder for what gets installed and built: OPA's engine and the rate-limit
server from pinned Go modules, grpcio from PyPI, Redis from Debian if that can be done without asking. What cannot
be had is skipped with a line that says so. Each check is made by REST, Connect, gRPC-Web and gRPC, which all have
to get the same. With --opa-plugin OPA is that program: an OPA with its Envoy plugin.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

RATELIMIT = "github.com/envoyproxy/ratelimit"
RATELIMIT_VERSION = "v1.4.1-0.20260122083618-3fb702589d36"
RATELIMIT_CHECKSUM = "h1:nEi1OH2qhE8NtcuBgO/uKpTw/P0nVu4i8mZvL6oD9CQ="
INSTALL_SECONDS = 1800


class Missing(Exception):
    """Something that cannot be had here."""


def sh(*command, **options):
    """What a command said."""
    try:
        done = subprocess.run(
            [str(part) for part in command], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options
        )
    except FileNotFoundError as error:
        raise Missing(f"{command[0]} is not installed") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or error.stdout or str(error)).strip().splitlines()
        raise Missing(f"{command[0]} failed: {said[-1] if said else error}") from error
    return done.stdout


def python(work):
    """A Python that has grpcio."""
    stamp, wanted = work / "requirements.txt", (HERE / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        sh(sys.executable, "-m", "venv", work / "venv")
        sh(work / "venv/bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt")
        stamp.write_text(wanted)
    return work / "venv/bin/python"


def opa(work):
    """OPA's engine behind Envoy's protocol, made anew if something of it changed."""
    program = work / "opa"
    sh("go", "build", "-o", program, ".", cwd=HERE / "opa")
    return program


def ratelimit(work):
    """Envoy's rate-limit server, made once per version."""
    program = work / f"ratelimit-{RATELIMIT_VERSION}"
    if not program.exists():
        module = json.loads(sh("go", "mod", "download", "-json", f"{RATELIMIT}@{RATELIMIT_VERSION}", cwd=work))
        if module["Sum"] != RATELIMIT_CHECKSUM:
            sys.exit(f"FAILED: {RATELIMIT} has the checksum {module['Sum']}, expected {RATELIMIT_CHECKSUM}")
        sh("go", "build", "-o", program, "./src/service_cmd", cwd=module["Dir"])
    return program


def redis():
    if not shutil.which("redis-server") and shutil.which("apt-get") and os.geteuid() == 0:
        sh("apt-get", "update", "-qq")
        # Debian would start one of its own, which nobody wants.
        sh("apt-get", "install", "-y", "-qq", "redis-server", env={**os.environ, "RUNLEVEL": "1"})
    if not shutil.which("redis-server"):
        raise Missing("redis-server is not installed, and cannot be by apt-get as root")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("transom", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--opa-plugin", type=pathlib.Path, help="an OPA with its Envoy plugin, in place of its engine")
    options = parser.parse_args()
    transom, work = options.transom.resolve(), options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        interpreter = python(work)
    except Missing as reason:
        print(f"skipped: {reason}")
        return
    if pathlib.Path(sys.prefix).resolve() != (work / "venv").resolve():
        # Once more, by the Python that has grpcio.
        os.execv(interpreter, [str(interpreter), *sys.argv])
    parts(transom, work, options.opa_plugin and options.opa_plugin.resolve())


def parts(transom, work, plugin):
    import authorization
    import limiting
    from processes import Checks, Programs, free_port

    for log in work.glob("*.log"):
        log.unlink()
    check = Checks()
    with Programs(work) as programs:
        backend = free_port()
        programs.start("demo", backend, transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{backend}")
        try:
            program = plugin or opa(work)

            def start(port):
                if plugin:
                    keys = {"plugins.envoy_ext_authz_grpc.addr": f"127.0.0.1:{port}", "plugins.envoy_ext_authz_grpc.path": "transom/decision"}
                    sets = [f"--set={key}={value}" for key, value in keys.items()]
                    return programs.start("opa", port, program, "run", "--server", "--addr", f"127.0.0.1:{free_port()}", *sets, HERE / "policy.rego")
                return programs.start("opa", port, program, f"127.0.0.1:{port}", HERE / "policy.rego", "data.transom.decision")

            authorization.run(check, programs, transom, backend, start)
        except Missing as reason:
            print(f"skipped, OPA: {reason}")
        try:
            redis()
            limiting.run(check, programs, transom, backend, ratelimit(work))
        except Missing as reason:
            print(f"skipped, limits: {reason}")
    print(f"{check.passed} checks passed")


main()
