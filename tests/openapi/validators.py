"""Validators of other makers: no errors in any document."""

import os
import pathlib
import sys

from documents import VERSIONS
from support import HERE, agrees

# openapi-spec-validator in one process: starting it takes longer than most documents.
SPEC_VALIDATOR = """
import json, pathlib, sys
from openapi_spec_validator import validate
for name in sys.argv[1:]:
    try:
        validate(json.loads(pathlib.Path(name).read_bytes()))
    except Exception as error:
        sys.exit(f"{name}: {error}"[:2000])
"""

# The same of @seriousme/openapi-schema-validator.
SCHEMA_VALIDATOR = """
import { Validator } from "@seriousme/openapi-schema-validator";
for (const name of process.argv.slice(2)) {
  const { valid, errors } = await new Validator().validate(name);
  if (!valid) {
    console.log(name, JSON.stringify(errors, null, 1).slice(0, 2000));
    process.exit(1);
  }
}
"""


def files(folder, versions):
    return [path for version in versions for path in sorted((folder / version).glob("*.json"))]


def run(work, folder):
    """Every document of a folder with one for each version."""
    every, simple = files(folder, VERSIONS), files(folder, ["simple"])
    agrees("valid by the official JSON Schemas", sys.executable, HERE / "valid.py", *every, *simple)
    agrees("openapi-spec-validator", sys.executable, "-c", SPEC_VALIDATOR, *every, *simple)
    script = pathlib.Path(work / "schema-validator.mjs")
    script.write_text(SCHEMA_VALIDATOR)
    agrees("@seriousme/openapi-schema-validator", "node", script, *every, *simple)
    programs = work / "node_modules/.bin"
    agrees(
        "@redocly/cli", programs / "redocly", "lint", "--config", HERE / "redocly.yaml", *every, *simple,
        env=quiet(), cwd=work,
    )
    # It applies the rules of 3.0 to 3.2.
    agrees(
        "@stoplight/spectral-cli", programs / "spectral", "lint", "--ruleset", HERE / "spectral.yaml",
        "--fail-severity", "error", *files(folder, ["3.0", "3.1"]), *simple, cwd=work,
    )


def demo(work, folder, _):
    run(work, folder)


def quiet():
    return {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def main():
    """`validators.py WORK FOLDER`: for documents from elsewhere, by what `run.py` installed into WORK."""
    work, folder = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    run(work, folder)


if __name__ == "__main__":
    main()
