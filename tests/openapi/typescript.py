"""TypeScript: types by openapi-typescript, and a client by @hey-api/openapi-ts that calls the demo."""

import shutil
import subprocess
import sys

from documents import VERSIONS
from support import HERE, agrees, ok


def types(work, folder, _):
    """Types of every version compile."""
    programs, out = work / "node_modules/.bin", work / "types"
    shutil.rmtree(out, ignore_errors=True)
    for version in VERSIONS:
        agrees(
            f"openapi-typescript of {version}", programs / "openapi-typescript",
            folder / version / "openapi.json", "-o", out / f"v{version.replace('.', '_')}.d.ts", cwd=work,
        )
    agrees(
        "tsc takes its types", programs / "tsc", "--noEmit", "--strict", *sorted(out.glob("*.d.ts")), cwd=work,
    )


def client(work, folder, demo):
    """A client that compiles with a program on it, which calls the demo."""
    programs, out = work / "node_modules/.bin", work / "hey-api"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(HERE / "hey-api", out)
    (out / "package.json").write_text('{"type": "commonjs"}')
    for version in ("3.1", "3.0"):
        agrees(
            f"@hey-api/openapi-ts of {version}", programs / "openapi-ts", "--client", "@hey-api/client-fetch",
            "--input", folder / version / "openapi.json", "--output", out / "gen", cwd=out,
        )
        agrees(f"tsc takes its client of {version}", programs / "tsc", "--project", out, cwd=work)
        ran = subprocess.run(["node", out / "out/calls.js", demo.base], stdout=subprocess.PIPE, text=True)
        if ran.returncode:
            sys.exit(f"FAILED @hey-api/openapi-ts of {version}: its client does not agree with the demo")
        for line in ran.stdout.splitlines():
            ok(f"{line.removeprefix('ok ')} ({version})")
