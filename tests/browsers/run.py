"""Runs clients of other makers in a real Chromium, from a page of another origin, against the demo;
and gRPC's interoperability cases against a backend of grpcio.

    run.py TRANSOM WORK [ONLY]

TRANSOM is the gateway's binary, WORK a folder for what gets installed, ONLY a regular expression for
the lines to run. Chromium is the system's; where there is none, Debian's is installed if that can be
done without asking, and else everything is skipped with a line that says so.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"

# What each generator is given: the demo's echo, and all that it imports.
ECHO = [
    "demo/echo/v1/echo.proto", "google/api/annotations.proto", "google/api/http.proto",
    "google/api/httpbody.proto", "google/type/money.proto",
    "google/rpc/status.proto", "google/rpc/error_details.proto",
]
INTEROP = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def chromium():
    """The system's Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run(["apt-get", "-qq", *command], env=environment, **quiet).returncode:
            return None
    return shutil.which("chromium")


def install(work):
    """A Python environment and a node_modules folder, made once per requirement."""
    work.mkdir(parents=True, exist_ok=True)
    for lock, make in (("requirements.txt", python_environment), ("package-lock.json", node_modules)):
        stamp = work / f"{lock}.installed"
        if not stamp.exists() or stamp.read_text() != (HERE / lock).read_text():
            make(work)
            shutil.copy(HERE / lock, stamp)


def python_environment(work):
    sh(sys.executable, "-m", "venv", work / "venv")
    sh(work / "venv/bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt")


def node_modules(work):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    sh("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", work)


def build(work):
    """The page's sources, the code of three generators, and one bundle of both."""
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__"))
    generated = source / "page/gen"
    generate(work, PROTO, ECHO, "es", generated / "es", "target=js")
    generate(work, HERE / "interop/proto", INTEROP, "es", generated / "es", "target=js")
    generate(work, PROTO, ECHO, "ts", generated / "protobuf-ts", "")
    generate(
        work, PROTO, ECHO, "ts_proto", generated / "nice",
        "outputServices=nice-grpc,outputServices=generic-definitions,forceLong=bigint,useDate=false",
    )
    sh(
        work / "node_modules/.bin/esbuild", source / "page/main.mjs", "--bundle", "--format=esm",
        f"--outfile={work / 'page/main.js'}", "--log-level=warning",
    )
    return source


def generate(work, root, files, plugin, out, options):
    out.mkdir(parents=True, exist_ok=True)
    program = work / f"node_modules/.bin/protoc-gen-{plugin}"
    sh(
        work / "venv/bin/python", "-m", "grpc_tools.protoc", f"-I{root}",
        f"--plugin=protoc-gen-{plugin}={program}", f"--{plugin}_out={out}",
        *([f"--{plugin}_opt={options}"] if options else []), *files,
    )


def certificate(work):
    """A certificate for 127.0.0.1, which the browser is told to take."""
    make = (
        "import pathlib, sys, trustme\n"
        "work, made = pathlib.Path(sys.argv[1]), trustme.CA().issue_cert('127.0.0.1')\n"
        "made.private_key_pem.write_to_path(work / 'key.pem')\n"
        "(work / 'certificate.pem').write_bytes(b''.join(blob.bytes() for blob in made.cert_chain_pems))\n"
    )
    sh(work / "venv/bin/python", "-c", make, work)


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    only = sys.argv[3:4]
    browser = chromium()
    if not browser:
        print("skipped: chromium is not installed, and cannot be by apt-get as root")
        return
    install(work)
    source = build(work)
    certificate(work)
    backend = subprocess.Popen(
        [work / "venv/bin/python", HERE / "interop/backend.py"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    try:
        port = backend.stdout.readline().removeprefix("listening on ").strip()
        driver = subprocess.run(["node", source / "drive.mjs", browser, transom, work, port, *only])
    finally:
        backend.terminate()
        backend.wait(timeout=30)
    sys.exit(driver.returncode)


main()
