"""The known differences: what Transom's contract says where Envoy does otherwise.

A rule names the section of the contract it rests on, and its condition looks at both answers, most
often at the very message that Transom refuses with, so that it explains nothing else. Rules are
tried in order. docs/differences-from-envoy.md is this table for readers; a run checks that it is
complete.
"""

import dataclasses
from collections.abc import Callable

from compare import FAILED, failure

PATH, QUERY, BODY, JSON, ANSWER = "Paths", "Queries", "Bodies", "JSON", "Answers"


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    place: str
    sentence: str
    when: Callable


RULES = []


def rule(name, place, sentence):
    def keep(when):
        RULES.append(Rule(name, place, sentence, when))
        return when

    return keep


def untold(text):
    """The rules that a Markdown table does not tell as they stand here."""
    return [rule for rule in RULES if f"| {rule.name} | {rule.sentence} |" not in text]


def rule_for(difference):
    return next((rule for rule in RULES if rule.when(difference)), None)


# What the message says when Transom refuses a path or query for its characters.


@rule("hostile path", PATH, "a `.` or `..` segment, a backslash or a control character is a 400; Envoy looks for a binding")
def _(d):
    return d.ours(400, "in the path, found a `.`", "in the path, found a backslash", "in the path, found a control character")


@rule("bad percent", PATH, "a `%` without two hexadecimal digits is a 400, in path and query; Envoy takes it as it stands")
def _(d):
    return d.ours(400, "found `%` without two hexadecimal digits")


@rule("not UTF-8", PATH, "escaped bytes that are not UTF-8 are a 400; Envoy passes them to the backend, which fails with 500")
def _(d):
    return d.ours(400, "not UTF-8", "not valid UTF-8") and (d.theirs(500) or d.they_asked)


@rule("NUL in the query", QUERY, "NUL is a 400; Envoy takes it")
def _(d):
    return d.ours(400, "found a NUL character") and d.they_asked


# Which method answers.


@rule("HEAD", PATH, "HEAD is answered wherever GET is bound; Envoy answers 404")
def _(d):
    return d.case.method == "HEAD" and d.theirs(404)


@rule("OPTIONS", PATH, "OPTIONS is answered with `allow`; Envoy answers 404")
def _(d):
    return d.case.method == "OPTIONS" and d.transom.status == 204 and d.theirs(404)


@rule("405", PATH, "the right path by the wrong method is a 405 with `allow`; Envoy answers 404")
def _(d):
    return d.ours(405) and d.theirs(404)


@rule("the rpc's own path", PATH, "every unary rpc answers on POST /package.Service/Method, annotated or not; Envoy only those without annotation")
def _(d):
    return d.case.target.startswith("/differential.v1.Things/") and d.theirs(404)


@rule("trailing slash", PATH, "`/a/` is not `/a`; Envoy drops the slash")
def _(d):
    if not d.case.target.partition("?")[0].endswith("/"):
        return False
    return d.ours(404) and d.envoy.status != 404 or d.same_without(*d.bound)


@rule("escaped literal", PATH, "literals compare decoded, so `/%761` is `/v1`; Envoy compares them as they stand")
def _(d):
    return d.has("!path: encoded literal") and d.theirs(404) and (d.we_asked or d.transom.status != 404)


@rule("verbs", PATH, "a verb that is not bound for this method and path, or has nothing before it, is part of the value; Envoy answers 404")
def _(d):
    return ":" in d.case.target.partition("?")[0] and d.theirs(404) and d.transom.status != 404


# Queries.


@rule("map entries in the query", QUERY, "`labels[key]=value` sets a map's entry; Envoy knows no such keys and ignores them")
def _(d):
    return d.has("query:map") and d.same_without()


@rule("JSON in the query", QUERY, "Struct, Value and ListValue are JSON in the query; Envoy refuses all but Value, and takes that as a string")
def _(d):
    if not d.has("query:json"):
        return False
    return d.theirs(400, "type.googleapis.com/google.protobuf.Struct", "type.googleapis.com/google.protobuf.ListValue") or d.same_without()


@rule("escaped dots in a key", QUERY, "keys compare decoded, so `leaf%2Ename` is `leaf.name`; Envoy ignores it as unknown")
def _(d):
    return d.has("query:escaped dot") and d.same_without()


@rule("lists of well-known types in the query", QUERY, "a repeated field of messages is a 400, of well-known types too; Envoy takes those")
def _(d):
    return d.ours(400, "a repeated message can only be in a JSON body") and d.they_asked


@rule("below a list", QUERY, "a field of a repeated message cannot be set by the query: 400; Envoy appends a message")
def _(d):
    return d.ours(400, "is a repeated field, so nothing can be named beneath it") and d.they_asked


@rule("below what has no fields", QUERY, "a key that goes on below a scalar, list or map is a 400; Envoy ignores it as unknown")
def _(d):
    return d.ours(400, "so nothing can be named beneath it", "only maps take one") and d.they_asked


@rule("singular key twice", QUERY, "a singular field twice is a 400; for Envoy the last one wins")
def _(d):
    return d.ours(400, "twice in the query") and (d.they_asked or d.theirs(400))


@rule("path over query", QUERY, "what the path binds the query cannot change; for Envoy the query wins")
def _(d):
    if "?" not in d.case.target or not d.we_asked:
        return False
    # Envoy refuses a value that does not fit, also for a field that the path binds.
    keys = [".".join(path) + ":" for binding in d.answering for path in binding.bound]
    return d.same_without(*d.bound) or bool(keys) and d.theirs(400, *keys)


@rule("path over query, in a oneof", QUERY, "a member of a oneof that the path binds stands over its siblings; Envoy refuses")
def _(d):
    return d.we_asked and d.theirs(400, "is already set")


@rule("body over query", QUERY, "what the body binds the query cannot change; for Envoy the query wins, or is refused")
def _(d):
    bound = d.case.binding.body
    return d.case.body is not None and d.has("!query") and d.we_asked and (d.theirs(400, bound + ":", bound + ".") or d.same_without(bound))


@rule("nothing beside the whole body", QUERY, "with `body: \"*\"` no field is left to the query; Envoy binds it all the same")
def _(d):
    whole = any(binding.body == "*" for binding in d.answering)
    return whole and d.we_asked and "?" in d.case.target and (d.they_asked or d.theirs(400))


@rule("unknown enum number in the URL", QUERY, "a number that no value of the enum has is kept, as in JSON; Envoy refuses it")
def _(d):
    return d.we_asked and d.has("enum:unknown number") and d.theirs(400, '"77" for type type.googleapis.com/differential.v1.Colour')


@rule("text of a value in the URL", QUERY, "a value in path or query is read as strictly as in JSON; Envoy also takes bools as 1 and 0, a plus sign, leading zeros, leap seconds, masks in snake case")
def _(d):
    return d.has("!query ", "!path ") and d.ours(400, "expected") and (d.they_asked or d.theirs(501))


@rule("malformed values in the URL", QUERY, "Envoy lets a value through that the backend cannot decode, a 500; here it is a 400")
def _(d):
    return d.has("!query ", "!path ") and d.ours(400, "expected") and d.theirs(500)


# Bodies.


@rule("body where none is bound", BODY, "a body where the binding has none is a 400; Envoy ignores it")
def _(d):
    return d.ours(400, "found a body, but this method takes none") and (d.they_asked or d.theirs(400))


@rule("content type", BODY, "a body of another content type than JSON is a 415, a form that is JSON a 400; Envoy takes each as JSON")
def _(d):
    return d.has("!content type") and (d.ours(415) or d.ours(400, "application/json"))


@rule("scalars as the body", BODY, "`body: \"field\"` takes a body of any kind; of a bare number Envoy makes no message at all")
def _(d):
    return d.has("body:scalar", "!json text: number root") and d.theirs(501, "exactly one request message")


@rule("null for a body's field", BODY, "a body `null` is a 400, as `null` is no message and no value of a field's kind; Envoy leaves the field unset")
def _(d):
    return d.ours(400, "found `null`") and d.has("!body null", "!json text: null root") and d.they_asked


@rule("empty body of a field", BODY, "an empty body leaves the body's field unset; Envoy sets an empty message, and refuses other kinds")
def _(d):
    empty = d.case.body is not None and not d.case.body.strip()
    return empty and (d.same_without(d.case.binding.body) or d.we_asked and d.theirs(400))


@rule("path over body", BODY, "what the path binds the body cannot change; for Envoy a scalar in the body wins")
def _(d):
    return d.case.body is not None and d.same_without(*d.bound)


@rule("masks of PATCH", BODY, "a PATCH without a mask gets one of the body's fields; Envoy leaves it empty")
def _(d):
    return d.filled_mask and d.same_without()


# JSON.


@rule("unknown field", JSON, "an unknown field is a 400 that names it; Envoy ignores it")
def _(d):
    return d.ours(400, "has no field") and d.they_asked


@rule("field given twice", JSON, "a key given twice, also once by JSON and once by proto name, is a 400; for Envoy the last one wins")
def _(d):
    return d.ours(400, "given twice") and d.they_asked


@rule("lenient JSON", JSON, "JSON is RFC 8259; Envoy takes single quotes, bare keys, trailing commas, control characters and the like")
def _(d):
    return d.has("!json text", "!json list: trailing comma") and d.ours(400) and d.they_asked


@rule("lists", JSON, "a list is a list: one value, `null` inside and a list in a list are 400; Envoy takes or drops them")
def _(d):
    return d.has("!json list") and d.ours(400, "expected") and d.they_asked


@rule("maps", JSON, "keys and values of a map are of their type; Envoy takes bool keys as 1 and 0, and drops what it does not know")
def _(d):
    return d.has("!json map") and d.ours(400) and d.they_asked


@rule("kinds of JSON values", JSON, "each field takes the JSON that ProtoJSON has for it; Envoy converts some others, and takes `{\"value\":…}` for wrappers")
def _(d):
    return d.has("!json") and d.ours(400, "expected") and (d.they_asked or d.theirs(500))


@rule("integers with an exponent in quotes", JSON, "`\"1e1\"` is 10 like `1e1`; Envoy takes only the latter")
def _(d):
    return d.has("integer:quoted exponent") and d.we_asked and d.theirs(400, '"1e1"')


@rule("type URLs", JSON, "an Any's type is what follows the last slash; Envoy takes type.googleapis.com only")
def _(d):
    return d.has("!json Any: web type") and d.we_asked and d.theirs(400, "Invalid type URL")


@rule("depth below a body's field", JSON, "100 levels are those of the whole message, with `body: \"field\"` one more than the text has; Envoy counts the text")
def _(d):
    return d.ours(400, "nested deeper than 100 levels") and d.case.binding.body not in ("", "*") and d.they_asked


# Answers.


@rule("digits and zeros", ANSWER, "a float has the fewest digits that give it back, an Any no defaults; Envoy prints up to nine digits, and keeps the zeros it packed")
def _(d):
    return d.what == "answer" and d.both_asked and d.transom.status == 200 and d.same_json(d.transom.json(), d.envoy.json())


@rule("codes that contradict", ANSWER, "the code is that of `grpc-status`, the details are those of `grpc-status-details-bin`; Envoy takes the code from there too")
def _(d):
    if (d.transom.outcome, d.envoy.outcome) != (FAILED, FAILED):
        return False
    ours, theirs = failure(d.transom), failure(d.envoy)
    return ours[1:] == theirs[1:] and ours[0] != theirs[0] and theirs[0] in (d.transom.message.code or None, None)


@rule("a stream's error", ANSWER, "a stream that fails ends with a line that says so; Envoy's array just ends")
def _(d):
    ours, theirs = d.transom.json(), d.envoy.json()
    if not d.both_asked or not isinstance(ours, list) or not ours or not isinstance(theirs, list):
        return False
    failed = d.transom.message.u32
    return d.same_json(ours[:-1], theirs) and failed and ours[-1].get("error", {}).get("code") == failed


@rule("a download of nothing", ANSWER, "a stream of HttpBody without a message has no content type; Envoy's is application/json")
def _(d):
    empty = d.both_asked and d.transom.rpc == "Stretch" and not d.transom.body and not d.envoy.body
    return empty and (d.transom.kind, d.envoy.kind) == ("", "application/json")

