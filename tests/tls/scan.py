#!/usr/bin/env python3
"""Scans the public port under TLS with sslscan and testssl.sh, and fails on what they find.

    python3 tests/tls/scan.py target/debug/transom target/scan

What a scanner that is not installed would have said is told as skipped. The demo serves, with a
certificate of its own, so what scanners say of that certificate is not looked at.
"""

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

# Seconds that a scan may take.
PATIENCE = 900

PROTOCOLS = {("tls", "1.2"), ("tls", "1.3")}

# Forward secrecy and authenticated encryption, nothing else.
CIPHER = re.compile(r"^(TLS_(AES|CHACHA20)_|ECDHE-(RSA|ECDSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)$)")

# testssl.sh: what counts as found.
SEVERE = {"LOW", "MEDIUM", "HIGH", "CRITICAL"}

# What it says of the demo's own certificate, or of pages: not of the port. And that the order of ciphers
# is the client's: all of them are good, and a phone knows best which one costs it least.
NOT_THE_PORT = re.compile(
    r"^(cert|chain_of_trust|OCSP|DNS_CAArecord|HSTS|HPKP|security_headers|overall_grade|grade|"
    r"scan|HTTP|banner|cookie|BREACH|engine_problem|clientsimulation|certificate|intermediate|"
    r"LUCKY13$|cipher_order$)"
)


def serve(program):
    """The demo under TLS; the process, and its port."""
    command = [program, "demo", "--tls", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        listening = re.search(r"listening on https://127\.0\.0\.1:(\d+)", line)
        if listening:
            return process, int(listening[1])
    raise SystemExit("the demo does not start")


def sslscan(port, folder):
    """What sslscan found that should not be."""
    report = folder / "sslscan.xml"
    command = ["sslscan", f"--xml={report}", "--no-colour", f"127.0.0.1:{port}"]
    subprocess.run(command, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
    test = xml.parse(report).getroot().find("ssltest")
    if test is None:
        yield "it found no TLS at all"
        return
    enabled = {
        (one.get("type"), one.get("version")) for one in test.iter("protocol") if one.get("enabled") == "1"
    }
    if enabled != PROTOCOLS:
        yield f"protocols: {sorted(enabled)}, expected {sorted(PROTOCOLS)}"
    ciphers = [one.get("cipher") for one in test.iter("cipher")]
    if not ciphers:
        yield "no cipher"
    yield from (f"cipher: {cipher}" for cipher in ciphers if not CIPHER.match(cipher))
    for one in test.iter("renegotiation"):
        if one.get("supported") == "1" and one.get("secure") != "1":
            yield "insecure renegotiation"
    yield from ("compression" for one in test.iter("compression") if one.get("supported") == "1")
    yield from ("heartbleed" for one in test.iter("heartbleed") if one.get("vulnerable") == "1")
    print(f"sslscan: {sorted(enabled)}, {len(ciphers)} ciphers")


def testssl(port, folder):
    """What testssl.sh found that should not be."""
    report = folder / "testssl.json"
    report.unlink(missing_ok=True)
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    command = [program, "--quiet", "--color", "0", "--warnings", "off", "--ip", "one", "--protocols"]
    command += ["--server-defaults", "--server-preference", "--fs", "--vulnerable", "--std"]
    command += ["--jsonfile", str(report), f"127.0.0.1:{port}"]
    log = (folder / "testssl.log").open("w")
    subprocess.run(command, timeout=PATIENCE, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    findings = json.loads(report.read_text())
    if len(findings) < 20:
        yield f"only {len(findings)} findings, see {folder}/testssl.log"
    for one in findings:
        if one["severity"] in SEVERE and not NOT_THE_PORT.match(one["id"]):
            yield f"{one['id']}: {one['severity']}: {one['finding']}"
    print(f"testssl.sh: {len(findings)} findings")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    scanners = [("sslscan", sslscan, ["sslscan"]), ("testssl.sh", testssl, ["testssl", "testssl.sh"])]
    process, port = serve(program)
    found = []
    try:
        for name, scan, programs in scanners:
            if any(map(shutil.which, programs)):
                found += [f"{name}: {what}" for what in scan(port, folder)]
            else:
                print(f"skipped: {name}, which is not installed (Debian has it)")
    finally:
        process.terminate()
        process.wait()
    for what in found:
        print(what)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
