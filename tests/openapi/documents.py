"""The demo's documents: every one over HTTP, in every version, as JSON and as YAML."""

import json
import subprocess
import urllib.error
import urllib.request

import yaml

from support import check

VERSIONS = ("3.0", "3.1", "3.2")


def get(url, headers=None):
    """Status, headers and body of an answer, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def scopes(base):
    """Paths of documents, without their version and suffix: of all, of each package and each service."""
    index = json.loads(get(f"{base}/openapi/index.json")[2])
    yield "/openapi"
    for package in index["packages"]:
        yield package["document"].removesuffix(".json")
        for service in package["services"]:
            yield service["document"].removesuffix(".json")


def fetch(base, folder):
    """Keeps every document as `folder/VERSION/NAME.json`, and compares its forms."""
    names = list(scopes(base))
    check("there are documents of all, of packages and of services", len(names) >= 11, True)
    for version in VERSIONS:
        (folder / version).mkdir(parents=True, exist_ok=True)
        for scope in names:
            status, headers, body = get(f"{base}{scope}-{version}.json")
            name = scope.strip("/").replace("/", "-")
            (folder / version / f"{name}.json").write_bytes(body)
            document = json.loads(body)
            written = yaml.load(get(f"{base}{scope}-{version}.yaml")[2], Loader=yaml.CSafeLoader)
            again, _, _ = get(f"{base}{scope}-{version}.json", {"if-none-match": headers["etag"]})
            check(
                f"{scope} {version}: JSON, the same as YAML, and nothing new for who has it",
                (status, document["openapi"][:3], written == document, again),
                (200, version, True, 304),
            )
    (folder / "simple").mkdir(exist_ok=True)
    for scope in ("/openapi", "/openapi/demo.library.v1"):
        status, _, body = get(f"{base}{scope}-3.0.json?profile=simple")
        (folder / "simple" / f"{scope.strip('/').replace('/', '-')}.json").write_bytes(body)
        check(f"{scope}: the simple profile", (status, json.loads(body)["openapi"]), (200, "3.0.3"))


def twice(transom, demo, folder):
    """A second process writes the same bytes."""
    for version in VERSIONS:
        written = subprocess.run(
            [transom, "openapi", "--upstream", demo.backend, "--version", version, "--server", demo.base],
            check=True, capture_output=True,
        ).stdout
        check(
            f"`transom openapi --version {version}` writes what the gateway serves",
            written.strip() == (folder / version / "openapi.json").read_bytes().strip(), True,
        )
