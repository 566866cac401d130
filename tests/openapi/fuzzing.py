"""Schemathesis: whatever is sent to the demo, its answers are those of the document."""

import os

from support import HERE, agrees

# What makes the short run the same every time.
SEED = 1

# Cases of each operation, beside those that the edges of its schema make.
SHORT, LONG = 5, 300


def short(work, folder, demo):
    run(work, folder, demo, SHORT, "examples,coverage,fuzzing")


def long(work, folder, demo):
    run(work, folder, demo, LONG, "examples,coverage,fuzzing,stateful")


def run(work, folder, demo, cases, phases):
    program = work / "venv/bin/schemathesis"
    said = agrees(
        f"schemathesis, {cases} cases an operation and more", program, "--config-file", HERE / "schemathesis/schemathesis.toml", "run",
        folder / "3.2/openapi.json", "--url", demo.base, "--seed", SEED, "--max-examples", cases,
        "--phases", phases, "--continue-on-failure", "--warnings", "off",
        "--generation-database", "none", cwd=HERE / "schemathesis",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    print("\n".join(line for line in said.splitlines() if "generated" in line or "Tested" in line))
