"""The detectors that are measured, each by itself and all together, by the gateway's own engine."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from gateway.adapters.pattern_cache import PatternCache
from gateway.guardrails.budget import Budget
from gateway.guardrails.database import DatabaseCache
from gateway.guardrails.detector import Prepared
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.windows import Windows
from gateway.model.finding import Level, Levels
from gateway.model.passage import Part

Options = Mapping[str, JsonValue]

FULL: Final[Mapping[str, Options]] = {
    "secrets": {},
    "pii": {},
    "prompt_injection": {"scorer": False},
    "jailbreak": {},
    "hidden_text": {},
    "malicious_url": {},
    "code_injection": {},
    "tool_poisoning": {},
    "model_refusal": {},
    "topics": {"ready": ["gambling", "legal_advice"]},
}
"""What is measured, with which options: everything that looks for patterns and has a meaning
without words of the user's own."""

QUICK: Final[Mapping[str, Options]] = {
    "pii": {"types": ["credit_card", "iban", "email_address"]},
    "jailbreak": {},
    "hidden_text": {},
    "malicious_url": {},
    "code_injection": {},
    "model_refusal": {},
}
"""Those that compile in a second or two."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding, by characters of the text as it came."""

    category: str
    start: int
    end: int
    level: Level


@dataclass(frozen=True, slots=True)
class Subject:
    """One detector. `engine` has its patterns and nothing else."""

    name: str
    prepared: Prepared
    levels: Levels
    engine: PatternSet | None

    def find(self, text: str, part: Part = Part.USER, least: Level = Level.MEDIUM) -> list[Hit]:
        """Its findings in a whole text, from a level on."""
        scored = [
            (one.category, one.start, one.end, one.score)
            for one in (self.engine.find(text, part, None, Budget()) if self.engine else ())
        ]
        if self.prepared.window is not None:
            windows = Windows()
            scored += [
                (one.category, window.start, window.end, one.score)
                for window in (*windows.feed(text), *windows.finish())
                for one in self.prepared.window(window.text)
            ]
        found = [(*one[:3], self.levels.of(one[3])) for one in scored]
        return [Hit(*one[:3], one[3]) for one in found if one[3] is not None and one[3] >= least]


@cache
def cache_folder() -> Path:
    """Where benchmarks keep compiled patterns, apart from those of gateways: there are many."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "gatehouse-benchmarks"


def database_cache(name: str) -> DatabaseCache:
    """The cache of one engine. A folder keeps few, so that each has its own."""
    return PatternCache(cache_folder() / name)


def prepared(name: str, options: Options) -> Prepared:
    """A detector with its options. KeyError for one that there is not."""
    detector = find_detectors()[name]
    return detector.prepare(detector.options.model_validate_json(json.dumps(options)))


def subject(name: str, options: Options, *, raw: bool = False) -> Subject:
    """A detector to be measured; with `raw` its patterns are searched in the text as it came."""
    own = prepared(name, options)
    if raw:
        own = replace(
            own, patterns=tuple(replace(one, raw=True, costly=False) for one in own.patterns)
        )
    engine = PatternSet({name: own.patterns}, database_cache(name)) if own.patterns else None
    return Subject(name, own, find_detectors()[name].levels, engine)


def together(chosen: Mapping[str, Options]) -> PatternSet:
    """The patterns of all of them in one search, as a gateway has them."""
    patterns = {name: prepared(name, told).patterns for name, told in chosen.items()}
    return PatternSet(patterns, database_cache("together"))
