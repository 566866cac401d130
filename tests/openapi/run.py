"""Asks programs of other makers what they make of the demo's OpenAPI documents: validators, generators of
clients whose clients then call the demo, and Schemathesis, which holds every answer to the document.

    run.py TRANSOM WORK [--long] [ONLY]

TRANSOM is the gateway's binary, WORK a folder for what gets installed and made, ONLY a regular
expression for the steps to run, of both tiers. `--long` adds what takes minutes. What a step needs and
is not there skips it with a line that says so.
"""

import importlib
import pathlib
import re
import sys

import support
from support import Demo, HERE, installed, missing, node_modules, python_packages

# What a step needs that is not installed by it, its module, and its function.
QUICK = {
    "validators": (("node", "npm"), "validators", "demo"),
    "openapi-typescript": (("node", "npm"), "typescript", "types"),
    "hey-api": (("node", "npm"), "typescript", "client"),
    "schemathesis": ((), "fuzzing", "short"),
}
LONG = {
    "go": (("java", "go"), "generators", "go"),
    "java": (("java", "mvn"), "generators", "java"),
    "typescript-fetch": (("java", "node", "npm"), "generators", "typescript"),
    "progenitor": (("cargo",), "generators", "progenitor"),
    "schemathesis-long": ((), "fuzzing", "long"),
}


def main():
    given = [word for word in sys.argv[1:] if word != "--long"]
    transom, work = (pathlib.Path(name).resolve() for name in given[:2])
    installed(work, "requirements.txt", python_packages)
    python = work / "venv/bin/python"
    if pathlib.Path(sys.prefix).resolve() != (work / "venv").resolve():
        sys.exit(support.subprocess.run([python, "-u", HERE / "run.py", *sys.argv[1:]]).returncode)
    steps = {**QUICK, **LONG} if given[2:] or "--long" in sys.argv else QUICK
    if given[2:]:
        steps = {name: step for name, step in steps.items() if re.search(given[2], name)}
    import documents

    folder = work / "documents"
    with Demo(transom, work / "demo.log") as demo:
        documents.fetch(demo.base, folder)
        documents.twice(transom, demo, folder)
        for name, (tools, module, function) in steps.items():
            absent = missing(*tools)
            if absent:
                print(f"skipped {name}: needs {absent}")
                continue
            if "npm" in tools:
                installed(work, "package-lock.json", node_modules)
            if "java" in tools:
                installed(work, "requirements-java.txt", python_packages)
            getattr(importlib.import_module(module), function)(work, folder, demo)
            if not demo.is_alive():
                sys.exit(f"FAILED {name}: the demo ended")
    print(f"{support.agreed} of {support.agreed} agree")


main()
