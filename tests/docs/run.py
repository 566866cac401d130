"""Drives the documentation site of the demo in a real Chromium: every kind of page, every way to call a
method, what its form can do. Checks the types of the script before.

    run.py TRANSOM WORK [--long] [ONLY]

TRANSOM is the gateway's binary, WORK a folder for what gets installed, ONLY a regular expression for the
lines to run; `--long` does everything in dark and on a phone as well. Without Chromium, which is the
system's or gets installed from Debian if that can be done without asking, all but the types is skipped
with a line that says so.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ASSETS = HERE.parent.parent / "src/docs/assets"


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
    """A node_modules folder, made once per lock file."""
    work.mkdir(parents=True, exist_ok=True)
    stamp = work / "package-lock.json.installed"
    lock = (HERE / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    sh("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", work)
    stamp.write_text(lock)


def main():
    long = "--long" in sys.argv
    transom, work, *only = [part for part in sys.argv[1:] if part != "--long"]
    transom, work = pathlib.Path(transom).resolve(), pathlib.Path(work).resolve()
    install(work)
    sh(work / "node_modules/.bin/tsc", "-p", HERE / "tsconfig.json")
    print("ok the types of the page's script")
    browser = chromium()
    if not browser:
        print("skipped: chromium is not installed, and cannot be by apt-get as root")
        return
    # Node finds packages beside the source, so it runs where they are installed.
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ASSETS, source / "assets")
    (source / "assets/package.json").write_text('{"type": "module"}')
    tier = "long" if long else "smoke"
    environment = {**os.environ, "PROTOS": str(HERE.parent.parent / "proto")}
    if long:
        scalar = work / "scalar"
        fetched = subprocess.run(["sh", HERE.parent.parent / "docs/scalar.sh", scalar])
        if fetched.returncode:
            print("skipped: Scalar cannot be fetched from the npm registry")
        else:
            environment.update(SCALAR=str(scalar))
    driver = subprocess.run(["node", source / "drive.mjs", browser, transom, work, tier, *only], env=environment)
    sys.exit(driver.returncode)


main()
