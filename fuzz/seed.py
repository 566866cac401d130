#!/usr/bin/env python3
"""Writes the seeds of the JSON targets from the cases of tests/data; the other seeds are written by hand.

Run it when cases are added. It adds and overwrites, and takes nothing away."""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "tests" / "data"
MESSAGES = (HERE / "src" / "messages.txt").read_text().split()
CASES = sorted((DATA / "transcode").glob("*.case")) + [DATA / "protoc" / "cases.txt"]
PLAIN = b"@"  # no option set


def wire(text):
    """Bytes of hexadecimal digits and quoted text."""
    out = b""
    for quoted, digits in re.findall(r'"([^"]*)"|([0-9a-f]+)', text):
        out += quoted.encode() if quoted else bytes.fromhex(digits)
    return out


def inputs(path):
    """(target, message, input) of each case whose message the targets know."""
    message, kind = None, None
    for line in path.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "message":
            message = rest
        elif message not in MESSAGES:
            continue
        elif word == "json":
            kind = word
            yield "json_to_wire", message, rest.encode()
        elif word == "wire":
            kind = word
            yield "wire_to_json", message, wire(rest)
        elif word == "=>" and kind == "json" and re.fullmatch(r"[0-9a-f ]+", rest):
            yield "wire_to_json", message, wire(rest)


for path in CASES:
    numbers = {}
    for target, message, data in inputs(path):
        numbers[target] = numbers.get(target, 0) + 1
        folder = HERE / "seeds" / target
        folder.mkdir(parents=True, exist_ok=True)
        chosen = bytes([ord("A") + MESSAGES.index(message)])
        (folder / f"{path.stem}-{numbers[target]:03}").write_bytes(chosen + PLAIN + data)
