"""Clients made by openapi-generator, and by progenitor: each compiles with a program on it that calls the
demo. These take minutes."""

import os
import shutil

from support import HERE, agrees



def generate(work, folder, generator, out, *options, document="3.1/openapi-demo.library.v1.json"):
    """A client of the demo's library."""
    shutil.rmtree(out, ignore_errors=True)
    agrees(
        f"openapi-generator makes a client: {generator}", work / "venv/bin/openapi-generator-cli", "generate",
        "-g", generator, "-i", folder / document, "-o", out, *options,
    )


def calls(name, *command):
    """Runs a program that says with a line what agrees."""
    said = agrees(f"{name}: calls the demo", *command)
    print("\n".join(f"   {line}" for line in said.splitlines()))


def go(work, folder, demo):
    out = work / "go"
    generate(
        work, folder, "go", out, "--git-user-id", "transom", "--git-repo-id", "generated",
        "--package-name", "demo",
    )
    (out / "calls").mkdir()
    shutil.copy(HERE / "generated/calls.go", out / "calls/main.go")
    # Its own tests are of a testing library that nothing here needs.
    shutil.rmtree(out / "test")
    agrees("openapi-generator's Go client compiles", "go", "build", "./...", cwd=out)
    agrees("with a program on it", "go", "build", "-o", out / "run", "./calls", cwd=out)
    calls("openapi-generator's Go client", out / "run", demo.base)


def java(work, folder, demo):
    out = work / "java"
    generate(
        work, folder, "java", out, "--library", "native",
        "--additional-properties", "useSingleRequestParameter=true,hideGenerationTimestamp=true",
        # Its code for a map in a query does not compile.
        document="simple/openapi-demo.library.v1.json",
    )
    shutil.copy(HERE / "generated/Calls.java", out / "src/main/java/Calls.java")
    shutil.rmtree(out / "src/test")
    agrees(
        "openapi-generator's Java client compiles with a program on it",
        "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DincludeScope=runtime", cwd=out,
    )
    calls(
        "openapi-generator's Java client", "java", "-cp", f"{out / 'target/classes'}:{out / 'target/dependency'}/*",
        "Calls", demo.base,
    )


def typescript(work, folder, demo):
    out = work / "typescript-fetch"
    generate(work, folder, "typescript-fetch", out / "gen")
    shutil.copy(HERE / "generated/calls.ts", out / "calls.ts")
    shutil.copy(HERE / "hey-api/tsconfig.json", out / "tsconfig.json")
    (out / "package.json").write_text('{"type": "commonjs"}')
    agrees(
        "openapi-generator's TypeScript client compiles with a program on it",
        work / "node_modules/.bin/tsc", "--project", out,
    )
    calls("openapi-generator's TypeScript client", "node", out / "out/calls.js", demo.base)


def progenitor(work, folder, demo):
    target = work / "progenitor"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "OPENAPI": str(folder / "simple/openapi.json")}
    manifest = HERE / "progenitor/Cargo.toml"
    agrees(
        "progenitor's client of the simple profile compiles with a program on it",
        "cargo", "build", "--quiet", "--locked", "--manifest-path", manifest, env=environment,
    )
    calls("progenitor's client", target / "debug/calls", demo.base)
