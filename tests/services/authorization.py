"""OPA, asked by ext_authz about calls of every dialect: it allows, denies in its own words, is slow, is gone."""

import pathlib
import re

import dialects
from processes import Gateway, Stunned, free_port, kill, quickest, until

POLICY = """\
policy:
  - ext_authz:
      server: http://127.0.0.1:{port}
      context: {{ gateway: edge }}
"""

# Denied callers: the code, the HTTP status and the message that they get, and a header.
DENIED = {
    "nobody": (16, 401, "say who you are", ("www-authenticate", "Bearer")),
    "lost": (5, 404, "there is no such thing", None),
    "hasty": (8, 429, "later", ("retry-after", "7")),
    "early": (14, 503, "not yet", None),
    # A status that gRPC has no code for is a plain no; the rest of the answer stays.
    "poor": (7, 403, "not in this plan", ("x-plan", "free")),
    "silent": (7, 403, "the call was denied", None),
}
UNKNOWN = "whether the call may be made cannot be found out"


HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs/security.md"


def of_the_page(folder):
    """The policy that the documentation shows, as a file."""
    policy = folder / "of_the_page.rego"
    policy.write_text(re.search(r"^```rego\n(.*?)^```", PAGE.read_text(), re.M | re.S)[1])
    return policy


def outcome(answer):
    return answer.code, answer.message


def run(check, programs, transom, backend, opa):
    """`opa` starts the server at a port, with a policy."""
    policy = HERE / "policy.rego"
    port = free_port()
    server = opa(port, policy)
    gateway = Gateway(programs, transom, "authorized", backend, POLICY.format(port=port))

    def ask(dialect, caller):
        headers = {"x-secret": "s3cret", **({"x-caller": caller} if caller else {})}
        return dialects.DIALECTS[dialect](gateway.port, headers)

    # The first question makes the connection.
    until("OPA answers", lambda: ask("REST", "ada").code == 0)
    for dialect, protocol in dialects.PROTOCOLS.items():
        answer = ask(dialect, "ada")
        check(f"OPA, {dialect}: allowed", outcome(answer), (0, ""))
        seen = {name: answer.seen.get(name) for name in ("x-user", "x-caller", "x-secret")}
        check(
            f"OPA, {dialect}: a header is added, one set, one removed", seen,
            {"x-user": ["ada"], "x-caller": ["told by OPA"], "x-secret": None},
        )
        said = answer.headers.get("x-decided-for")
        check(f"OPA, {dialect}: the client gets a header, OPA the dialect", said, protocol)
        for caller, (code, status, message, header) in DENIED.items():
            answer = ask(dialect, caller)
            said = header and (header[0], answer.headers.get(header[0]))
            check(
                f"OPA, {dialect}: {caller} is denied with {code}", (outcome(answer), answer.status, said),
                ((code, message), dialects.STATUSES[dialect] or status, header),
            )
        check(f"OPA, {dialect}: without the header", outcome(ask(dialect, None)), (7, "the call was denied"))
        check(f"OPA, {dialect}: an answer that forges", outcome(ask(dialect, "forger")), (7, UNKNOWN))
    status, _, _ = dialects.asked(gateway.port, "GET", "/v1/echo/7", {"x-caller": "ada"})
    check("OPA: another method that its policy names", status, 200)
    status, _, _ = dialects.asked(gateway.port, "GET", "/v1/echo:slow", {"x-caller": "ada"})
    check("OPA: a method that its policy does not name", status, 403)

    with Stunned(server):
        for dialect in dialects.DIALECTS:
            spent, answers = quickest(3, lambda: ask(dialect, "ada"))
            check(f"OPA stands still, {dialect}: refused", {outcome(one) for one in answers}, {(7, UNKNOWN)})
            check(f"OPA stands still, {dialect}: within its 200 ms ({spent:.0f} ms)", 200 <= spent < 300, True)
    until("OPA goes on", lambda: ask("REST", "ada").code == 0)
    check("OPA goes on: allowed again", outcome(ask("gRPC", "ada")), (0, ""))

    kill(server)
    for dialect in dialects.DIALECTS:
        spent, answers = quickest(3, lambda: ask(dialect, "ada"))
        check(f"OPA is killed, {dialect}: refused ({spent:.0f} ms)", {outcome(one) for one in answers}, {(7, UNKNOWN)})
    server = opa(port, policy)
    until("OPA is back", lambda: ask("REST", "ada").code == 0)
    check("OPA is back: allowed again", outcome(ask("gRPC-Web", "ada")), (0, ""))
    decided = [(decision, rule) for step, decision, rule in gateway.decisions() if step == "ext_authz"]
    found = {(decision, rule) for decision, rule in decided if decision != "allowed"}
    counted = {("refused", rule) for rule in ("", "timeout", "failed", "garbage")}
    check("OPA: what it decided is counted", found, counted)

    kill(server)
    opa(port, of_the_page(programs.work))
    until("OPA has another policy", lambda: shown(gateway, "REST", "blue").code == 0)
    for dialect in dialects.DIALECTS:
        answer = shown(gateway, dialect, "blue")
        seen = answer.seen.get("x-plan"), answer.seen.get("x-tenant-key"), answer.headers.get("x-served-for")
        check(f"docs/security.md, {dialect}: allowed", (answer.code, seen), (0, (["paid"], None, "blue")))
        check(f"docs/security.md, {dialect}: denied", outcome(shown(gateway, dialect, "red")), (7, "not in your plan"))
        answer = shown(gateway, dialect, None)
        found = outcome(answer), answer.headers.get("www-authenticate")
        check(f"docs/security.md, {dialect}: nobody's call", found, ((16, "say whose call it is"), "Tenant"))


def shown(gateway, dialect, tenant):
    headers = {"x-tenant-key": "s3cret", **({"x-tenant": tenant} if tenant else {})}
    return dialects.DIALECTS[dialect](gateway.port, headers)
