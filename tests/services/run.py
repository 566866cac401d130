"""Servers of other makers that the gateway asks and tells: OPA by ext_authz, Envoy's rate-limit server by
global_rate_limits, OpenTelemetry's collector by traces.

    run.py TRANSOM WORK [PART …] [--opa PROGRAM]

TRANSOM is the gateway's binary, WORK a folder for what gets installed and built: OPA's engine, the rate-limit server
and the collector from pinned Go modules, grpcio and OpenTelemetry's SDK from PyPI, Redis from Debian if that can be
done without asking. What cannot be had is skipped with a line that says so. Each check is made by REST, Connect,
gRPC-Web and gRPC, which all have to get the same. PART is opa, limits or traces; none: all. With --opa OPA is that
program: one that has OPA's Envoy plugin.
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
        command = [str(part) for part in command]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options)
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


def built(name, work):
    """A program of our own around a module, made anew if something of it changed."""
    program = work / name
    # Fetches all that it is made of; what goes wrong behind that is a fault here.
    sh("go", "list", "-deps", ".", cwd=HERE / name)
    subprocess.run(["go", "build", "-o", str(program), "."], check=True, cwd=HERE / name)
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
    parser.add_argument("parts", nargs="*", metavar="PART", help="opa, limits or traces; none: all")
    parser.add_argument("--opa", type=pathlib.Path, help="an OPA with its Envoy plugin, in place of its engine")
    options = parser.parse_args()
    options.transom, options.work = options.transom.resolve(), options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        interpreter = python(options.work)
    except Missing as reason:
        print(f"skipped: {reason}")
        return
    if pathlib.Path(sys.prefix).resolve() != (options.work / "venv").resolve():
        # Once more, by the Python that has grpcio.
        os.execv(interpreter, [str(interpreter), *sys.argv])
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"found {', '.join(sorted(unknown))}, expected {', '.join(PARTS)}")
    for log in options.work.glob("*.log"):
        log.unlink()

    from processes import Checks, Programs

    check = Checks()
    for name in options.parts or PARTS:
        with Programs(options.work) as programs:
            try:
                PARTS[name](options, programs, check)
            except Missing as reason:
                print(f"skipped, {name}: {reason}")
    print(f"{check.passed} checks passed")


def demo(options, programs):
    """The port of the demo's backend."""
    from processes import free_port

    port = free_port()
    programs.start(
        "demo", port, options.transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{port}"
    )
    return port


def opa(options, programs, check):
    import authorization
    from processes import free_port

    if options.opa:
        program = options.opa.resolve()

        def command(port, policy):
            plugin = {"addr": f"127.0.0.1:{port}", "path": "transom/decision"}
            keys = [f"--set=plugins.envoy_ext_authz_grpc.{key}={value}" for key, value in plugin.items()]
            return ["run", "--server", "--addr", f"127.0.0.1:{free_port()}", *keys, policy]
    else:
        program = built("opa", options.work)

        def command(port, policy):
            return [f"127.0.0.1:{port}", policy, "data.transom.decision"]

    def start(port, policy):
        return programs.start("opa", port, program, *command(port, policy))

    authorization.run(check, programs, options.transom, demo(options, programs), start)


def limits(options, programs, check):
    import limiting

    redis()
    program = ratelimit(options.work)
    limiting.run(check, programs, options.transom, demo(options, programs), program)


def traces(options, programs, check):
    import tracing

    tracing.run(check, programs, options.transom, built("collector", options.work))


PARTS = {"opa": opa, "limits": limits, "traces": traces}


main()
