"""Whether two screens of one answer came to the same: with the detectors that are shipped, in
Guardrails of every kind."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.mask import Span, masked, merged
from gateway.guardrails.screen import Screen
from gateway.model.finding import Action
from gateway.model.outcome import Found, Missed
from tests.guardrails.guarding import book, guardrail

_STAGES: Final = (
    "[response, a2a_artifact, a2a_message, tool_result, resource_read, notification, prompt_get]"
)
_PERSONAL: Final = "[{type: pii}, {type: secrets}]"
_ALL: Final = (
    "[{type: pii}, {type: secrets}, {type: prompt_injection}, {type: jailbreak}, {type: hidden_text}, "
    "{type: malicious_url, options: {hosts: [bad.example]}}, {type: code_injection}, "
    "{type: model_refusal}, {type: canary, options: {tokens: [Hello-canary]}}, "
    "{type: words, options: {lists: [{words: [revenue, office]}]}}]"
)
HELD_MOST: Final = 4096
"""Characters held back: more than any match has."""

_MASK: Final = re.compile(r"\[[A-Z0-9_]+\]")


def _low(detectors: str) -> str:
    return detectors.replace("{type", "{threshold: LOW, type")


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
    yield guardrail("shadow-masks", stages=_STAGES, detectors=_ALL, extra="mode: shadow, action: mask")
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
    """All of them, compiled once."""
    return book(*_guardrails(), detectors=find_detectors())


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
