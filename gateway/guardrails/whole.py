"""One whole text judged. Pure: no I/O, no clock."""

from collections.abc import Iterable, Iterator

from gateway.guardrails.allowance import Allowance
from gateway.guardrails.combine import (
    AROUND,
    Hit,
    Judged,
    Where,
    judge_hits,
    missed,
    missed_by,
)
from gateway.guardrails.guard import Engine
from gateway.guardrails.means import Means
from gateway.guardrails.patterns import Match
from gateway.guardrails.plan import Plan
from gateway.guardrails.refusals import field_hits
from gateway.guardrails.tally import Tally
from gateway.guardrails.windows import Window, Windows
from gateway.model.finding import Skipped, SkipReason

PATTERNS = "patterns"
"""What all detectors that look for patterns are called together: they are one search."""


def judge_text(text: str, where: Where, plan: Plan, means: Means, *, to_the_end: bool) -> Judged:
    """What the Guardrails of `plan` make of a text; without `to_the_end` up to what blocks it,
    which is as far as a stream of it would be judged."""
    judged = Judged()
    allowance = Allowance(plan.guards)
    part = allowance.take(text)
    hits, failed = _search(part, where, plan, means)
    windows = Windows()
    full = [*windows.feed(part), *windows.finish()] if plan.windows else []
    scored, unscored = score(full, plan.windows, means.tally)

    def around(start: int, end: int) -> tuple[str, str, str]:
        return text[max(0, start - AROUND) : start], text[start:end], text[end : end + AROUND]

    judge_hits(
        judged,
        [*field_hits(plan, where), *hits, *scored],
        plan,
        where,
        cuts=allowance.cuts,
        around=around,
        to_the_end=to_the_end,
        today=means.today,
    )
    for reason, keys in (*failed.items(), (SkipReason.ERROR, unscored)):
        for lost in missed(plan, where, keys, reason):
            judged.miss(lost)
    if to_the_end or not judged.blocked:
        oversized(judged, allowance, plan, where)
    return judged


def oversized(judged: Judged, allowance: Allowance, plan: Plan, where: Where) -> None:
    """Add what was too long to be judged to its end."""
    refused = {guard.name for guard in allowance.refused}
    for guard in plan.guards:
        if guard.name in allowance.cuts:
            skipped = Skipped("*", where.channel, SkipReason.OVERSIZE)
            judged.miss(missed_by(guard, skipped, where, blocks=guard.name in refused))


def hits_of(matches: Iterable[Match]) -> Iterator[Hit]:
    """Matches of patterns as hits."""
    for one in matches:
        yield Hit(one.end, one.start, one.detector, one.category, one.score)


def score(
    windows: Iterable[Window], engines: Iterable[Engine], tally: Tally
) -> tuple[list[Hit], set[str]]:
    """What engines make of windows, and the keys of those that failed."""
    hits: list[Hit] = []
    failed: set[str] = set()
    known = tuple(engines)
    for window in windows:
        for engine in known:
            if engine.window is None or engine.key in failed:
                continue
            start = tally.start()
            try:
                scored = engine.window(window.text)
            except Exception:  # noqa: BLE001  whatever it is, the text was not judged
                failed.add(engine.key)
                continue
            finally:
                tally.spent(engine.detector, start)
            hits += (
                Hit(window.end, window.start, engine.key, one.category, one.score, window.text)
                for one in scored
            )
    return hits, failed


def _search(
    text: str, where: Where, plan: Plan, means: Means
) -> tuple[list[Hit], dict[SkipReason, frozenset[str]]]:
    """Where patterns hit, and the engines that could not look everywhere, by why."""
    if not plan.wanted or means.patterns is None:
        return [], {}
    budget = means.budget
    before, start = len(budget.refused), means.tally.start()
    try:
        found = means.patterns.find(text, where.part, plan.wanted, budget)
    except Exception:  # noqa: BLE001  whatever it is, the text was not judged
        return [], {SkipReason.ERROR: plan.wanted}
    finally:
        means.tally.spent(PATTERNS, start)
    return list(hits_of(found)), {SkipReason.VALIDATOR_CALLS: frozenset(budget.refused[before:])}
