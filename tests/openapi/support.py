"""What the steps share: commands, the demo, and counting what agrees."""

import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Lines of a failed command's output that are shown.
SHOWN = 400

agreed = 0


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def check(name, found, expected):
    if found != expected:
        sys.exit(f"FAILED {name}\n  found    {found!r}\n  expected {expected!r}")
    ok(name)


def ok(name):
    global agreed
    agreed += 1
    print(f"ok {name}", flush=True)


def agrees(name, *command, **options):
    """A command that succeeds; where it does not its output says why."""
    ran = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if ran.returncode:
        print("\n".join(ran.stdout.splitlines()[-SHOWN:]))
        sys.exit(f"FAILED {name}: {' '.join(map(str, command))} ended with {ran.returncode}")
    ok(name)
    return ran.stdout


def missing(*tools):
    """The first of these that is not installed."""
    return next((tool for tool in tools if not shutil.which(tool)), None)


def installed(work, lock, make):
    """Whether what a file of requirements names is there; makes it once for every content of the file."""
    stamp = work / f"{lock}.installed"
    if not stamp.exists() or stamp.read_text() != (HERE / lock).read_text():
        work.mkdir(parents=True, exist_ok=True)
        make(work, lock)
        shutil.copy(HERE / lock, stamp)


def python_packages(work, lock):
    """A Python environment, or more in the one that is there."""
    if not (work / "venv").exists():
        sh(sys.executable, "-m", "venv", work / "venv")
    sh(work / "venv/bin/pip", "install", "--quiet", "-r", HERE / lock)


def node_modules(work, _):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    sh("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", work)


class Demo:
    """A running `transom demo`."""

    def __init__(self, transom, log):
        with open(log, "w") as said:
            self.process = subprocess.Popen(
                [transom, "demo", "--listen", "127.0.0.1:0", "--log", "human"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True,
            )
        self.base, self.backend = self.address("listening on http://"), self.address("gRPC server is at http://")

    def address(self, said):
        """What stands behind these words in its output."""
        for line in self.process.stdout:
            if said in line:
                return "http://" + re.match(r"[0-9.:]+", line.split(said)[1]).group()
        sys.exit(f"the demo ended before it said {said!r}")

    def __enter__(self):
        # What it says of calls is read, so that it never waits for a reader.
        self.reader = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        self.process.stdout.close()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.reader.wait(timeout=30)

    def is_alive(self):
        return self.process.poll() is None
