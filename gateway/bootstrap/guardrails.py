"""Guardrail documents compiled: what they look for, and to which calls they apply."""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from gateway.adapters.pattern_cache import PatternCache
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place, Problem
from gateway.policy.cel import Runtime
from gateway.policy.engine import PolicySet
from gateway.policy.matching import GuardrailMatches, MatchSource, compile_matches
from gateway.policy.vocabulary import METHODS


@dataclass(frozen=True, slots=True)
class Guarding:
    """All Guardrails of a configuration: `book` judges texts, `matches` says which apply."""

    book: GuardrailBook = field(default_factory=GuardrailBook)
    matches: GuardrailMatches = field(default_factory=GuardrailMatches)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Findings of documents that work, but perhaps not as meant."""
        return (*self.book.warnings, *self.matches.warnings)


def compile_guarding(  # noqa: PLR0913  what a configuration says of its Guardrails
    sources: Sequence[GuardrailSource],
    policies: PolicySet,
    *,
    backends: Collection[str],
    routes: Collection[str],
    spoken: Mapping[tuple[str, str], Collection[str]] | None = None,
    runtime: Runtime | None = None,
) -> Guarding | tuple[Problem, ...]:
    """Compile every document, or tell everything that is wrong with them."""
    if not sources:
        return Guarding()
    placed = any(source.document is not None for source in sources)
    today = datetime.now(UTC).date()
    book = (
        compile_guardrails(sources, today, cache=pattern_cache())
        if placed
        else _kept(_texts(sources), today)
    )
    matches = compile_matches(
        [_match_of(source) for source in sources],
        backends=backends,
        routes=routes,
        spoken=spoken,
        extensions=policies.names.methods - METHODS,
        runtime=runtime,
    )
    if isinstance(book, GuardrailBook) and isinstance(matches, GuardrailMatches):
        return Guarding(book, matches)
    wrong = [*(() if isinstance(book, GuardrailBook) else book)]
    wrong += () if isinstance(matches, GuardrailMatches) else matches
    return tuple(wrong)


def pattern_cache() -> PatternCache | None:
    """Where compiled patterns are kept, so that workers and later runs need not compile them: in
    gatehouse/ of the user's folder for caches. None for a user without a home."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # nobody's home
        return None
    return PatternCache(folder / "gatehouse") if folder.parent.is_dir() else None


def unplaced(value: JsonValue) -> GuardrailSource:
    """A document as a worker gets it."""
    guardrail = Guardrail.model_validate_json(json.dumps(value))
    return GuardrailSource(guardrail, lambda _path: Place(guardrail.metadata.name, 1, 1))


def _texts(sources: Sequence[GuardrailSource]) -> tuple[str, ...]:
    return tuple(source.model.model_dump_json(exclude_unset=True) for source in sources)


@lru_cache(maxsize=2)
def _kept(texts: tuple[str, ...], today: date) -> GuardrailBook | tuple[Problem, ...]:
    """The same documents compile once a day: a reload for the sake of others need not wait."""
    sources = [unplaced(json.loads(text)) for text in texts]
    return compile_guardrails(sources, today, cache=pattern_cache())


def _match_of(source: GuardrailSource) -> MatchSource:
    spec = source.model.spec
    return MatchSource(
        source.name, spec.targets, spec.stages, spec.match, source.place, source.text
    )
