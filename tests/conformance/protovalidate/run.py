"""Runs protovalidate's conformance suite against the gateway's validation.

    run.py EXECUTOR WORK

EXECUTOR is the example `protovalidate` (executor.rs), WORK a folder for what gets installed: the suite's
runner, which Go builds from the pinned module. Where that cannot be had the suite is skipped with a line
that says so. Every case has to pass: violations with their fields, rules and ids, rules that cannot be
compiled, and those that fail while they run.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

MODULE = "github.com/bufbuild/protovalidate/tools"
VERSION = "v1.2.2"
CHECKSUM = "h1:TcGEJf29+9fGojGa4k80Q39BCKQhEB6Hb4jXSWL1JN4="
RUNNER = "protovalidate-conformance"

# Cases that are made at least; what the pinned suite has, so that none gets lost.
CASES_MIN = 2872

INSTALL_SECONDS = 900
SUITE_SECONDS = 600
# Lines of failures that are shown.
LINES_SHOWN = 60

SUMMARY = re.compile(r"^(?:PASS|FAIL) \(failed: (\d+), skipped: (\d+), passed: (\d+), total: (\d+)\)$", re.MULTILINE)


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
    """The runner, made once per version."""
    work.mkdir(parents=True, exist_ok=True)
    runner = work / VERSION / RUNNER
    if not runner.exists():
        module = json.loads(go("mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=work))
        if module["Sum"] != CHECKSUM:
            sys.exit(f"FAILED: {MODULE}@{VERSION} has the checksum {module['Sum']}, expected {CHECKSUM}")
        go("build", "-o", f"{runner}", f"./{RUNNER}", cwd=module["Dir"])
    return runner


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executor", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        runner = install(arguments.work.resolve())
    except Missing as missing:
        print(f"skipped: {missing}")
        return
    command = [str(runner), "--strict_message", "--strict_error", "--timeout", "60s", str(arguments.executor.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SUITE_SECONDS)
    said = done.stdout + done.stderr
    counts = SUMMARY.search(said)
    if counts is None:
        sys.exit(said[-4000:] + "\nFAILED: the suite did not run to its end")
    failed, skipped, passed, total = map(int, counts.groups())
    print(f"{total} cases: {passed} passed, {skipped} skipped, {failed} failed")
    if failed or skipped or total < CASES_MIN:
        print("\n".join(said.splitlines()[:LINES_SHOWN]))
        sys.exit(f"FAILED: expected {CASES_MIN} cases at least, and all to pass")


main()
