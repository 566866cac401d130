"""Rules and board on the metrics of a gateway that runs, by a real Prometheus.

    run.py TRANSOM WORK

Grafana's own types, from a Go module, read config/grafana.json with nothing too much or missing. promtool checks
config/alerts.yaml, and makes the cases of rules_test.yaml. Then Prometheus scrapes a gateway before
the demo's backend, evaluates the rules, and is asked every expression of the rules and of config/grafana.json:
each has to be understood, and each metric that it names has to be there, but for those of ABSENT.
Needs Go, and Debian's package prometheus; what is missing is skipped with a line that says so.
"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "config/alerts.yaml"
BOARD = ROOT / "config/grafana.json"
PATIENCE = 60

# Metrics that a gateway has only once something has happened, or is configured.
ABSENT = {
    "gateway_cert_not_after_seconds": "there is no TLS",
    "gateway_overload_pressure": "overload is not measured",
    "gateway_overload_state": "overload is not measured",
    "gateway_traces_dropped_total": "nothing is traced",
    "gateway_upstream_token_fetches_total": "no upstream wants tokens",
    "grpc_subchannel_disconnections_total": "no connection has ended",
}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"waited {PATIENCE} s in vain: {what}")


def types():
    """Grafana's types on the board; where the registry has them not, a line says so."""
    folder = pathlib.Path(__file__).resolve().parent / "board"
    if not shutil.which("go"):
        print("skipped, Grafana's types: Go is not installed")
    elif subprocess.run(["go", "mod", "download"], cwd=folder, capture_output=True).returncode:
        print("skipped, Grafana's types: the module cannot be had")
    else:
        subprocess.run(["go", "run", ".", str(BOARD)], check=True, cwd=folder)


def promtool(*arguments):
    subprocess.run(["promtool", *arguments], check=True, cwd=ROOT)


def expressions():
    """Where each stands, and what it is, with the board's variables filled."""
    rules = subprocess.run(
        [sys.executable, "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"],
        stdin=RULES.open(), capture_output=True, text=True,
    )
    if rules.returncode == 0:
        for group in json.loads(rules.stdout)["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert", rule.get("record")), rule["expr"]
    board = json.loads(BOARD.read_text())
    assert board["schemaVersion"] >= 36 and board["title"] and board["uid"], "a board that Grafana imports"
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers)), "each panel has a number of its own"
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], filled(target["expr"])
    for annotation in board["annotations"]["list"]:
        yield annotation["name"], filled(annotation["expr"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.fullmatch(r"label_values\((\w+), \w+\)", variable["definition"])[1]


def filled(expression):
    for name, value in {"$__rate_interval": "1m", "$instance": ".*", "$method": ".*", "$job": ".*"}.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def metrics_of(expression):
    """Names of metrics of the gateway's that an expression has."""
    return set(re.findall(r"\b(?:gateway|grpc|process)_\w+(?=[\[{) ]|$)", re.sub(r"by \([^)]*\)|\{[^}]*\}", " ", expression)))


def load(public):
    """Some of everything: calls that go well, badly, nowhere."""
    for _ in range(20):
        for path in ["/v1/echo/7", "/v1/echo:fail?code=14", "/v1/echo:fail?code=13", "/none", "/v1/echo/x"]:
            get(f"http://127.0.0.1:{public}{path}")


def main():
    transom, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    types()
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("skipped: prometheus is not installed (Debian: apt-get install prometheus)")
        return
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", "tests/alerts/rules_test.yaml")

    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    backend, public, admin, prometheus = (free_port() for _ in range(4))
    (work / "transom.yaml").write_text(
        f"listen: 127.0.0.1:{public}\nadmin: {{ listen: 127.0.0.1:{admin} }}\n"
        f"log: {{ format: json }}\n"
        f"upstreams: {{ demo: {{ url: 'http://127.0.0.1:{backend}' }} }}\n"
    )
    (work / "prometheus.yaml").write_text(
        "global: { scrape_interval: 1s, evaluation_interval: 1s }\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs: [{{ job_name: transom, static_configs: [{{ targets: ['127.0.0.1:{admin}'] }}] }}]\n"
    )
    started = []
    try:
        for name, command in [
            ("demo", [transom, "demo", "--listen", "127.0.0.1:0", "--backend-listen", f"127.0.0.1:{backend}"]),
            ("gateway", [transom, "serve", "--config", work / "transom.yaml"]),
            ("prometheus", [
                "prometheus", f"--config.file={work / 'prometheus.yaml'}", f"--storage.tsdb.path={work / 'data'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            ]),
        ]:
            with (work / f"{name}.log").open("w") as log:
                started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=work))
        until("the gateway is ready", lambda: get(f"http://127.0.0.1:{admin}/readyz")[0] == 200)
        until("Prometheus is ready", lambda: get(f"http://127.0.0.1:{prometheus}/-/ready")[0] == 200)
        check(public, prometheus)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def check(public, prometheus):
    api = f"http://127.0.0.1:{prometheus}/api/v1"

    def ask(expression):
        status, text = get(f"{api}/query?{urllib.parse.urlencode({'query': expression})}")
        answer = json.loads(text)
        if status != 200 or answer["status"] != "success":
            sys.exit(f"{expression}\n  is not understood: {answer.get('error')}")
        return answer["data"]["result"]

    load(public)
    until("the target is up", lambda: any(one["value"][1] == "1" for one in ask("up")))
    until("calls are counted", lambda: ask('rate(gateway_requests_total{method="demo.echo.v1.EchoService/Get"}[1m]) > 0') or load(public))
    found, empty = 0, []
    named = {}
    for place, expression in expressions():
        found += 1
        for metric in metrics_of(expression):
            named[metric] = place
        if not ask(expression):
            empty.append(place)
    missing = {metric: place for metric, place in named.items() if metric not in ABSENT and not ask(metric)}
    if missing:
        sys.exit("\n".join(f"{place}: there is no metric {metric}" for metric, place in missing.items()))
    groups = json.loads(get(f"{api}/rules")[1])["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    ill = [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] == "err"]
    if ill or not rules:
        sys.exit("\n".join(ill) or "Prometheus has no rules")
    print(f"{found} expressions and {len(rules)} rules are understood; {len(named) - len(ABSENT)} metrics are there; "
          f"without a result now: {len(empty)}")


main()
