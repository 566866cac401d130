"""Runs the Connect project's conformance suite against Transom: Connect, gRPC and gRPC-Web.

    run.py TRANSOM WORK [--only PATTERN] [--backend NAME] [--trace]

TRANSOM is the gateway's binary, WORK a folder for what gets installed: the suite's runner and its two
reference servers, which Go builds from the pinned module. Where that cannot be had the suite is
skipped with a line that says so.

Every case that fits config.yaml is made with each of the reference servers as the backend: grpcserver
(on grpc-go), then referenceserver (on connect-go). What grpcserver itself cannot do is named, with its
reason, in known-failing.txt; against referenceserver every case has to pass.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

MODULE = "connectrpc.com/conformance"
VERSION = "v1.0.7"
CHECKSUM = "h1:9Sqx8vEeRJyKoIAiYdEuABrlPKRoNxVHSbJ0CVil7xg="
RUNNER = "connectconformance"

# The backends, and the list of what each cannot do itself.
BACKENDS = {"grpcserver": "known-failing.txt", "referenceserver": None}

# Cases that are made at least; what the pinned suite has, so that none gets lost.
CASES_MIN = 7288

INSTALL_SECONDS = 900
SUITE_SECONDS = 600
# Failures that are shown on the terminal; the logs have them all.
LINES_SHOWN = 40
# Calls at a time. Many cases do nothing but wait.
PARALLEL = 16

MADE = re.compile(r'^Sending request for "(.+)"\.\.\.$')
FAILED = re.compile(r"^FAILED: (.+?)(?::| was expected to fail but did not)$")
EXPECTED = re.compile(r"^INFO: (.+) failed \(as expected\):$")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")

# A suite with one choice leaves it out of its cases' names; the protocol stands in the suite's.
ONLY_CHOICE = {"HTTPVersion": "2", "Codec": "CODEC_PROTO", "Compression": "COMPRESSION_IDENTITY", "TLS": "true"}
AXES = ("Protocol", "HTTPVersion", "Codec", "Compression", "TLS")


class Missing(Exception):
    """Something that cannot be installed here."""


def go(*arguments, **options):
    """Runs Go; gives what it said."""
    try:
        done = subprocess.run(
            ["go", *arguments], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options
        )
    except FileNotFoundError as error:
        raise Missing("Go is not installed") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        # Some commands say it in JSON, on standard output; its braces say nothing.
        said = [line.strip() for line in (error.stderr or error.stdout or "").splitlines() if len(line) > 1]
        raise Missing(f"go {arguments[0]} failed: {said[-1] if said else error}") from error
    return done.stdout


def install(work):
    """The folder of the programs, made once per version, and that of the suite's protos."""
    work.mkdir(parents=True, exist_ok=True)
    module = json.loads(go("mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=work))
    if module["Sum"] != CHECKSUM:
        sys.exit(f"FAILED: {MODULE}@{VERSION} has the checksum {module['Sum']}, expected {CHECKSUM}")
    folder = work / VERSION
    programs = [RUNNER, *BACKENDS]
    if not all((folder / program).exists() for program in programs):
        go("build", "-o", f"{folder}/", *(f"./cmd/{program}" for program in programs), cwd=module["Dir"])
    return folder, pathlib.Path(module["Dir"]) / "proto"


def run(name, programs, protos, arguments):
    """Runs the suite with one backend; gives its exit code and what it said, line by line."""
    command = [programs / RUNNER, "--mode", "server", "--conf", HERE / "config.yaml", "--vv", "-p", str(PARALLEL)]
    command += ["--known-failing", f"@{HERE / BACKENDS[name]}"] if BACKENDS[name] else []
    command += ["--run", arguments.only] if arguments.only else []
    command += ["--trace"] if arguments.trace else []
    command += ["--", sys.executable, HERE / "shim.py", "--transom", arguments.transom.resolve()]
    command += ["--backend", programs / name, "--protos", protos]
    log = arguments.work / f"{name}.log"
    errors = log.with_suffix(".errors")
    with log.open("w") as out, errors.open("w") as err:
        command = [str(part) for part in command]
        done = subprocess.run(command, stdout=out, stderr=err, timeout=SUITE_SECONDS)
    return done.returncode, log, errors


def choices(name):
    """What a case is about: protocol, version, codec, compression and TLS."""
    suite, *parts = name.split("/")
    named = dict(part.split(":", 1) for part in parts if part.count(":") == 1)
    for protocol in ("gRPC-Web", "gRPC", "Connect"):
        if suite.startswith(protocol):
            named.setdefault("Protocol", "PROTOCOL_" + protocol.upper().replace("-", "_"))
            break
    return [(axis, named.get(axis, ONLY_CHOICE.get(axis, "?"))) for axis in AXES]


def shortened(lines):
    """The first lines, and how many there are besides."""
    left = len(lines) - LINES_SHOWN
    return lines[:LINES_SHOWN] + ([f"and {left} more"] if left > 0 else [])


def judge(name, code, log, errors, is_whole):
    """Counts the cases; gives what is wrong."""
    lines = log.read_text(errors="replace").splitlines()
    find = lambda pattern: [match[1] for match in map(pattern.match, lines) if match]
    failed, expected = set(find(FAILED)), set(find(EXPECTED))
    # Cases whose server did not start are not made, and fail.
    made = {*find(MADE), *failed}
    counts = collections.defaultdict(collections.Counter)
    for case in made:
        outcome = "failed" if case in failed else "expected" if case in expected else "passed"
        for row in choices(case):
            counts[row][outcome] += 1
    print(f"{name + ' behind Transom':<36}{'passed':>8}{'failed as expected':>20}{'failed':>8}")
    for (axis, choice), count in sorted(counts.items(), key=lambda row: (AXES.index(row[0][0]), row[0][1])):
        choice = re.sub(r"^[A-Z]+_(?=[A-Z])", "", choice)
        print(f"  {axis:<14}{choice:<20}{count['passed']:>8}{count['expected']:>20}{count['failed']:>8}")
    print(f"{len(made)} cases: {len(made) - len(failed) - len(expected)} passed, "
          f"{len(expected)} failed as expected, {len(failed)} unexpected failures")
    wrong = shortened([f"failed: {case}" for case in sorted(failed)])
    # Nothing is said there while all goes well: a panic, a process that had to be killed.
    wrong += shortened([f"{errors.name}: {line}" for line in errors.read_text(errors="replace").splitlines()])
    sums = [(int(match[1]), int(match[2])) for match in map(SUMMARY.match, lines) if match]
    if sums != [(len(made) - len(failed) - len(expected), len(failed))]:
        wrong.append("the suite did not run to its end, or not every case was understood")
    if code != 0 and not failed:
        wrong.append(f"the suite ended with exit code {code}: {lines[-1] if lines else 'nothing was said'}")
    if is_whole and len(made) < CASES_MIN:
        wrong.append(f"{len(made)} cases were made, expected {CASES_MIN} at least")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transom", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--only", metavar="PATTERN", help="make the cases of a pattern only: 'Basic/**'")
    parser.add_argument("--backend", choices=BACKENDS, help="one backend only")
    parser.add_argument("--trace", action="store_true", help="show requests and answers of cases that fail")
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    try:
        programs, protos = install(arguments.work)
    except Missing as missing:
        print(f"skipped: {missing}")
        return
    wrong = []
    for name in BACKENDS:
        if arguments.backend in (None, name):
            code, log, errors = run(name, programs, protos, arguments)
            found = judge(name, code, log, errors, not arguments.only)
            wrong += found and [*found, f"all of it is in {log}"]
    if wrong:
        sys.stdout.flush()
        sys.exit("\n".join([*wrong, "FAILED"]))


main()
