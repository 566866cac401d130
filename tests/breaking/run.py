"""Asks `buf breaking` and `transom breaking` for their verdict on every pair of files in cases.txt.

    run.py TRANSOM WORK

TRANSOM is the gateway's binary, WORK a folder for what gets installed and made. All cases are judged by one
run of each program: every case is a package of its own, so a finding tells by its name whose it is.
"""

import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"

# What the cases import; the rest comes with either program.
IMPORTS = ("google/api/annotations.proto", "google/api/http.proto")

# buf's category, and rules of it beyond the category that a gateway needs.
USE = ["WIRE_JSON", "RPC_NO_DELETE", "PACKAGE_SERVICE_NO_DELETE"]


def cases():
    """Name -> (rules, old files, new files)."""
    found = {}
    for part in ("\n" + (HERE / "cases.txt").read_text()).split("\n== ")[1:]:
        head, _, body = part.partition("\n")
        name, _, rules = head.partition(":")
        old, _, new = body.partition("\n--\n")
        found[name] = (set(rules.split()), files(name, old), files(name, new))
    return found


def files(name, text):
    first, *further = text.split("\n>> ")
    parts = [("t", first), *(part.split("\n", 1) for part in further)]
    return {f"{name}/{file}.proto": whole(name, text) for file, text in parts}


def whole(name, text):
    if not text.startswith(("syntax", "edition")):
        text = f'syntax = "proto3"; package {name}; import "google/api/annotations.proto";\n{text}'
    return text.replace("$", name)


def write(folder, side):
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in side.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for path in IMPORTS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROTO / path, folder / path)


def installed(work):
    if not (work / "node_modules/.bin/buf").exists():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, work / name)
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", work]
        subprocess.run(command, check=True)
    return work / "node_modules/.bin/buf"


def compiled(buf, folder):
    """A descriptor set, of every syntax that buf knows."""
    made = folder.with_suffix(".binpb")
    subprocess.run([buf, "build", folder, "-o", made], check=True)
    return made


def buf_says(buf, work, new, old):
    """Case -> rules, by buf."""
    config = json.dumps({"version": "v2", "breaking": {"use": USE}})
    ran = subprocess.run(
        [buf, "breaking", new, "--against", old, "--error-format", "json",
         "--config", config, "--against-config", config],
        capture_output=True, text=True, cwd=work,
    )
    if ran.returncode not in (0, 100):
        sys.exit(f"FAILED: buf ended with {ran.returncode}\n{ran.stderr}")
    return by_case((case_of(one["path"]), one["type"]) for one in map(json.loads, ran.stdout.splitlines()))


def case_of(path):
    # A path is relative to where buf runs: new/CASE/t.proto.
    return pathlib.PurePath(path).parts[-2]


def transom_says(binary, new, old):
    """Case -> rules, by the gateway."""
    ran = subprocess.run([binary, "breaking", old, new, "--format", "json"], capture_output=True, text=True)
    if ran.returncode not in (0, 1):
        sys.exit(f"FAILED: transom ended with {ran.returncode}\n{ran.stderr}")
    # A full name begins with its package, the path of a file with its folder.
    findings = json.loads(ran.stdout)["breaking"]
    return by_case((one["name"].split("/")[0].split(".")[0], one["rule"]) for one in findings)


def by_case(findings):
    found = {}
    for case, rule in findings:
        found.setdefault(case, set()).add(rule)
    return found


def main():
    binary, work = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    work.mkdir(parents=True, exist_ok=True)
    all_cases = cases()
    for at, side in enumerate(("old", "new"), 1):
        write(work / side, {path: text for case in all_cases.values() for path, text in case[at].items()})
    buf = installed(work)
    new, old = compiled(buf, work / "new"), compiled(buf, work / "old")
    theirs, ours = buf_says(buf, work, work / "new", work / "old"), transom_says(binary, new, old)
    failed = 0
    for name, (expected, _, _) in all_cases.items():
        known = {rule for rule in expected if not rule.startswith("HTTP_")}
        for who, found, wanted in (("buf", theirs, known), ("transom", ours, expected)):
            if found.get(name, set()) != wanted:
                print(f"FAILED {name}: {who} says {sorted(found.get(name, set()))}, the table {sorted(wanted)}")
                failed += 1
    unknown = (theirs.keys() | ours.keys()) - all_cases.keys()
    if failed or unknown:
        sys.exit(f"{failed} verdicts differ, findings outside of the cases: {sorted(unknown)}")
    print(f"{len(all_cases)} of {len(all_cases)} agree")


main()
