"""Guardrail documents compiled: what they look for, and to which calls they apply."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from gateway.adapters.pattern_cache import PatternCache, PatternCaches
from gateway.adapters.url_lists import UrlLists
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.guardrails.urls.lists import BOOK
from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place, Problem
from gateway.policy.cel import Runtime
from gateway.policy.engine import PolicySet
from gateway.policy.matching import GuardrailMatches, MatchSource, compile_matches
from gateway.policy.vocabulary import METHODS

URL_LISTS: Final = UrlLists(BOOK)
"""The lists of bad hosts that this process judges by; whoever serves has to `refresh` them."""

_PATTERNS: Final = "patterns"
"""The folder for compiled patterns within that of a run."""


@dataclass(frozen=True, slots=True)
class Guarding:
    """All Guardrails of a configuration: `book` judges texts, `matches` says which apply, `listed`
    are lines of lists that name nothing."""

    book: GuardrailBook = field(default_factory=GuardrailBook)
    matches: GuardrailMatches = field(default_factory=GuardrailMatches)
    listed: tuple[Problem, ...] = ()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Findings of documents that work, but perhaps not as meant."""
        return (*self.book.warnings, *self.matches.warnings, *self.listed)


def compile_guarding(  # noqa: PLR0913  what a configuration says of its Guardrails
    sources: Sequence[GuardrailSource],
    policies: PolicySet,
    *,
    backends: Collection[str],
    routes: Collection[str],
    spoken: Mapping[tuple[str, str], Collection[str]] | None = None,
    runtime: Runtime | None = None,
    run: str | None = None,
) -> Guarding | tuple[Problem, ...]:
    """Compile every document, or tell everything that is wrong with them. Reads the files that they
    name. `run` is the folder of a gateway that runs, where compiled patterns are kept for all of
    its processes. Blocks: the first time for seconds."""
    if not sources:
        return Guarding()
    placed = any(source.document is not None for source in sources)
    today = datetime.now(UTC).date()
    book = (
        compile_guardrails(sources, today, cache=pattern_cache(run))
        if placed
        else _kept(_texts(sources), today, run)
    )
    matches = compile_matches(
        [_match_of(source) for source in sources],
        backends=backends,
        routes=routes,
        spoken=spoken,
        extensions=policies.names.methods - METHODS,
        runtime=runtime,
    )
    listed = URL_LISTS.refresh()
    missing = URL_LISTS.unread & _named(sources)
    if missing:
        return tuple(one for one in listed if one.place.file in missing)
    if isinstance(book, GuardrailBook) and isinstance(matches, GuardrailMatches):
        warned = tuple(one for one in listed if one.severity == "warning")
        return Guarding(book, matches, warned)
    wrong = [*(() if isinstance(book, GuardrailBook) else book)]
    wrong += () if isinstance(matches, GuardrailMatches) else matches
    return tuple(wrong)


def pattern_cache(run: str | None = None) -> PatternCaches | None:
    """Where compiled patterns are kept, so that they are compiled once: for later runs in
    gatehouse/ of the user's folder for caches, and before that in the folder `run` of a gateway
    that runs, for all of its workers. None for a user without a home who runs nothing."""
    caches = [] if run is None else [PatternCache(Path(run) / _PATTERNS)]
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # nobody's home
        folder = None
    if folder is not None and folder.parent.is_dir():
        caches.append(PatternCache(folder / "gatehouse"))
    return PatternCaches(caches) if caches else None


def unplaced(value: JsonValue, beside: str = "") -> GuardrailSource:
    """A document as a worker gets it, whose paths are relative to the folder `beside`."""
    guardrail = Guardrail.model_validate_json(json.dumps(value))
    place = Place(guardrail.metadata.name, 1, 1)
    return GuardrailSource(guardrail, lambda _path: place, beside=beside)


def _texts(sources: Sequence[GuardrailSource]) -> tuple[tuple[str, str], ...]:
    return tuple((one.model.model_dump_json(exclude_unset=True), one.beside) for one in sources)


@lru_cache(maxsize=2)
def _kept(
    texts: tuple[tuple[str, str], ...], today: date, run: str | None
) -> GuardrailBook | tuple[Problem, ...]:
    """The same documents compile once a day: a reload for the sake of others need not wait."""
    sources = [unplaced(json.loads(text), beside) for text, beside in texts]
    return compile_guardrails(sources, today, cache=pattern_cache(run))


def _named(sources: Sequence[GuardrailSource]) -> frozenset[str]:
    """Every file that options may name."""
    uses = ((source, use) for source in sources for use in source.model.spec.detectors)
    return frozenset(
        str(Path(source.beside, text).resolve())
        for source, use in uses
        for text in _strings(use.options)
        if "\0" not in text
    )


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _match_of(source: GuardrailSource) -> MatchSource:
    spec = source.model.spec
    return MatchSource(
        source.name, spec.targets, spec.stages, spec.match, source.place, source.text
    )
