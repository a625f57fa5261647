"""What a detector finds in a text, by the real engine."""

import json
from functools import cache

from gateway.bootstrap.guardrails import pattern_cache
from gateway.guardrails.budget import Budget
from gateway.guardrails.detector import Prepared
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.patterns import Match, PatternSet
from gateway.model.passage import Part


def prepared(detector: str, options: object = None) -> Prepared:
    """The detector with options as a document has them. ValueError for those that it refuses."""
    known = find_detectors()[detector]
    return known.prepare(known.options.model_validate_json(json.dumps(options or {})))


@cache
def _engine(detector: str, options: str) -> PatternSet:
    return PatternSet({detector: prepared(detector, json.loads(options)).patterns}, pattern_cache())


def matches(
    detector: str, text: str, part: Part = Part.USER, options: object = None
) -> list[Match]:
    """All findings, LOW ones too."""
    engine = _engine(detector, json.dumps(options or {}))
    return engine.find(text, part, None, Budget())


def levels(
    detector: str, text: str, part: Part = Part.USER, options: object = None
) -> dict[str, str]:
    """Categories with the highest level of their findings."""
    of = find_detectors()[detector].levels.of
    found: dict[str, float] = {}
    for match in matches(detector, text, part, options):
        found[match.category] = max(match.score, found.get(match.category, 0))
    told = {category: of(score) for category, score in found.items()}
    return {category: level.name for category, level in told.items() if level is not None}


def cuts_that_differ(detector: str, text: str, part: Part, options: object = None) -> list[int]:
    """Where a text can be cut in two so that something else is found in it than in the whole; 0
    stands for a text that comes character by character."""
    engine = _engine(detector, json.dumps(options or {}))
    whole = sorted(engine.find(text, part, None, Budget()), key=repr)
    pieces = {cut: [text[:cut], text[cut:]] for cut in range(1, len(text))} | {0: list(text)}
    differ: list[int] = []
    for cut, parts in pieces.items():
        stream = engine.stream(part, None, Budget())
        for piece in parts:
            stream.feed(piece)
        stream.finish()
        if sorted(stream.settled, key=repr) != whole:
            differ.append(cut)
    return differ
