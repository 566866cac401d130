"""The known differences, each with what Transom's contract says."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    place: str
    sentence: str
    when: Callable


RULES = []


def rule_for(difference):
    return next((rule for rule in RULES if rule.when(difference)), None)
