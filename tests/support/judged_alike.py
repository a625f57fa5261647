"""Whether two screens of one answer came to the same: with the detectors that are shipped, in
Guardrails of every kind."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from gateway.adapters.pattern_cache import PatternCache
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.mask import Span, masked, merged
from gateway.guardrails.screen import Screen
from gateway.model.finding import Action
from gateway.model.outcome import Found, Missed
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import TODAY, guardrail, sources

_STAGES: Final = (
    "[response, a2a_artifact, a2a_message, tool_result, resource_read, notification, prompt_get]"
)
_PII: Final = (
    "{type: pii, options: {types: [credit_card, email_address, iban, us_ssn, ip_address, "
    "phone_number], regions: [US]}}"
)
_PERSONAL: Final = f"[{_PII}, {{type: secrets}}]"
_ALL: Final = (
    f"[{_PII}, {{type: secrets}}, "
    "{type: prompt_injection}, {type: jailbreak}, {type: hidden_text}, "
    "{type: malicious_url, options: {hosts: [bad.example]}}, {type: code_injection}, "
    "{type: model_refusal}, {type: canary, options: {tokens: [Hello-canary]}}, "
    "{type: words, options: {lists: [{words: [revenue, office]}]}}]"
)
HELD_MOST: Final = 4096
"""Characters held back: more than any match has."""

_MASK: Final = re.compile(r"\[[A-Z0-9_]+\]")


def _low(detectors: str) -> str:
    return detectors.replace("{type:", "{threshold: LOW, type:")


def _holding(characters: int) -> str:
    return f"streaming: {{hold_back: {characters}}}"


def _guardrails() -> Iterable[str]:
    for hold in (0, 128, 4096):
        yield guardrail(
            f"masks-{hold}",
            stages=_STAGES,
            detectors=_PERSONAL,
            extra=f"action: mask, {_holding(hold)}",
        )
        yield guardrail(
            f"blocks-{hold}",
            stages=_STAGES,
            detectors="[{type: prompt_injection}, {type: malicious_url}]",
            extra=_holding(hold),
        )
    yield guardrail("annotates", stages=_STAGES, detectors=_low(_ALL), extra="action: annotate")
    yield guardrail("shadow", stages=_STAGES, detectors=_ALL, extra="mode: shadow")
    yield guardrail(
        "shadow-masks", stages=_STAGES, detectors=_ALL, extra="mode: shadow, action: mask"
    )
    yield guardrail(
        "floor",
        stages=_STAGES,
        detectors="[{type: custom, action: mask, options: {patterns: "
        "[{name: p, category: period, regex: 'third quarter|instructions and reveal'}]}}]",
        extra="floor: true",
    )
    yield guardrail(
        "excluding",
        stages=_STAGES,
        detectors=_PERSONAL,
        extra="action: mask, exclusions: ["
        "{pattern: '.*@example\\.org', owner: a, reason: b, expires: 2027-01-01},"
        "{pattern: '(?i)the report.{0,40}$', within: surroundings, owner: a, reason: b, "
        "expires: 2027-01-01}]",
    )
    for name in ("block", "skip_logged", "scan_windows"):
        yield guardrail(
            f"limited-{name.replace('_', '-')}",
            stages=_STAGES,
            detectors=f"{_PERSONAL[:-1]}, {{type: prompt_injection, action: annotate}}]",
            extra=f"action: mask, max_bytes: 700, on_oversize: {name}, {_holding(128)}",
        )
    yield guardrail(
        "reads-thoughts",
        stages=_STAGES,
        detectors="[{type: prompt_injection, threshold: LOW, action: mask}]",
        extra="scope: {parts: [reasoning, refusal]}",
    )


SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "masks whole": ("masks-4096", "annotates"),
    "masks": ("masks-128", "shadow"),
    "masks late": ("masks-0", "annotates"),
    "blocks": ("blocks-128", "masks-4096", "annotates"),
    "blocks late": ("blocks-0", "shadow-masks"),
    "blocks early": ("blocks-4096",),
    "shadow": ("shadow", "shadow-masks", "floor"),
    "floor": ("floor", "blocks-4096", "annotates"),
    "excluding": ("excluding", "floor", "shadow"),
    "limited": ("limited-skip-logged", "annotates"),
    "refuses what is large": ("limited-block", "blocks-128"),
    "goes on": ("limited-scan-windows", "limited-skip-logged", "floor"),
    "thoughts": ("reads-thoughts", "masks-4096"),
}
"""Guardrails that apply together."""


@cache
def guardrails() -> GuardrailBook:
    """All of them. Compiled once, even for several processes: that takes seconds."""
    kept = PatternCache(Path(__file__).parents[2] / ".pytest_cache" / "patterns")
    compiled = compile_guardrails(sources(*_guardrails()), TODAY, cache=kept)
    assert isinstance(compiled, GuardrailBook), [str(one) for one in compiled]
    return compiled


def screens(names: tuple[str, ...]) -> tuple[Screen, Screen]:
    """Two screens of the same Guardrails, for an answer in one piece and for its stream."""
    return guardrails().screen(names), guardrails().screen(names)


def found(screen: Screen) -> set[Found]:
    """All that was found, each once, whatever it made of the answer."""
    return set(screen.outcome().found)


def missed(screen: Screen) -> set[Missed]:
    """All that was not looked at."""
    return set(screen.outcome().missed)


def check_alike(once: Screen, streamed: Screen, *, texts: int) -> None:
    """The same findings and the same verdict. An answer of several `texts` that is blocked was
    judged in a stream up to there, as one text is in any form."""
    if once.blocked is None:
        assert streamed.blocked is None
        assert found(streamed) == found(once)
        assert missed(streamed) == missed(once)
        return
    assert streamed.blocked is not None
    if texts == 1:
        assert streamed.blocked == once.blocked
        assert found(streamed) == found(once)
    else:
        assert found(streamed) <= found(once)


def masks(screen: Screen, channel: str) -> list[Span]:
    """What is masked in a channel."""
    spans = [
        Span(one.finding.start, one.finding.end, one.finding.category)
        for one in screen.outcome().found
        if one.action is Action.MASK and not one.shadow and one.finding.channel == channel
    ]
    return merged(spans)


def check_masked(text: str, screen: Screen, channel: str, shown: str, hold_back: int) -> None:
    """What a client was shown of a text. Nothing is left of what is masked, unless that is longer
    than what was held back: then its beginning may have gone."""
    spans = masks(screen, channel)
    if hold_back == HELD_MOST:
        assert shown == masked(text, spans)
    else:
        assert _is_shown(text, 0, shown, spans, hold_back), (shown, spans)


def _is_shown(text: str, done: int, shown: str, spans: list[Span], hold_back: int) -> bool:
    """Whether `shown` is what is left of `text` from `done` on, without `spans`."""
    if not spans:
        return shown == text[done:]
    span, *rest = spans
    before = text[done : span.start]
    if not shown.startswith(before):
        return False
    shown, size = shown[len(before) :], span.end - span.start
    longest = size if size > hold_back else 0
    for gone in range(longest + 1):
        if not shown.startswith(text[span.start : span.start + gone]):
            return False
        after = shown[gone:]
        if gone == size and _is_shown(text, span.end, after, rest, hold_back):
            return True
        while (tag := _MASK.match(after)) is not None:
            after = after[tag.end() :]
            if _is_shown(text, span.end, after, rest, hold_back):
                return True
    return False


def held_back(names: tuple[str, ...], stage: Stage, part: Part) -> int:
    """Characters of such texts that are held back."""
    known = guardrails()
    return known.plan(tuple(known.guards[name] for name in names), stage, part).hold_back
