"""OPA, asked by ext_authz about calls of every dialect: it allows, denies in its own words, is slow, is gone."""

import dialects
from processes import Gateway, Stunned, free_port, kill, quickest, until

POLICY = """\
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


def outcome(answer):
    return answer.code, answer.message


def run(check, programs, transom, backend, opa):
    """`opa` starts the server at a port."""
    port = free_port()
    server = opa(port)
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
        check(f"OPA, {dialect}: the client gets a header, OPA the dialect", answer.headers.get("x-decided-for"), protocol)
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
    opa(port)
    until("OPA is back", lambda: ask("REST", "ada").code == 0)
    check("OPA is back: allowed again", outcome(ask("gRPC-Web", "ada")), (0, ""))
    found = {(decision, rule) for step, decision, rule in gateway.decisions() if step == "ext_authz"}
    check("OPA: what it decided is counted", found, {("refused", rule) for rule in ("", "timeout", "failed", "garbage")})
