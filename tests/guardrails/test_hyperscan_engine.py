"""Patterns are found with Hyperscan and without it."""

import subprocess
import sys
from typing import Final

from gateway.guardrails.hyperscan_engine import INSTALLED

WITHOUT: Final = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "hyperscan" else found(name, *more)
from gateway.guardrails.budget import Budget
from gateway.guardrails.hyperscan_engine import INSTALLED
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part
known = PatternSet({"d": [Pattern("p", "secret-[0-9]{4}", "code")]})
found = known.find("a secret-1234 here", Part.USER, None, Budget())
stream = known.stream(Part.USER, frozenset({"d"}), Budget())
for piece in ("a sec", "ret-12", "34 here"):
    stream.feed(piece)
stream.finish()
print(INSTALLED, [(one.start, one.end) for one in found] == [(2, 13)] == [
    (one.start, one.end) for one in stream.settled
])
"""


def test_the_locked_engine_is_there() -> None:
    assert INSTALLED


def test_without_an_engine_the_same_is_found() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "True"]
