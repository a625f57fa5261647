"""One text that comes in pieces. Pure: no I/O, no clock.

What was found, in which order, and what follows depends on the text alone: a finding is judged once
nothing unsettled begins before its end. What the client has by then may differ.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from gateway.guardrails.allowance import Allowance
from gateway.guardrails.combine import AROUND, Hit, Judged, Where, judge_hits, missed
from gateway.guardrails.mask import Span, masked, settled
from gateway.guardrails.means import Means
from gateway.guardrails.pattern import LONGEST
from gateway.guardrails.plan import Plan
from gateway.guardrails.refusals import field_hits
from gateway.guardrails.whole import PATTERNS, hits_of, oversized, score
from gateway.guardrails.windows import Window, Windows
from gateway.model.finding import SkipReason

_CUT_OFF: Final = 2_048
"""Characters that are kept beyond their use, so that a text is not copied for every few."""


class FreeText:
    """A text that no Guardrail is about."""

    finished = True
    """Nothing has to be remembered of it."""

    def feed(self, text: str) -> str:
        """All of it."""
        return text

    def finish(self) -> str:
        """Nothing is left."""
        return ""


class GuardedText:
    """Holds back what may still become part of a finding. `ended` says whether the answer has
    been blocked, by this text or another; `block` is told what blocks it. `finished` tells
    whether the text has ended."""

    def __init__(
        self,
        where: Where,
        plan: Plan,
        means: Means,
        ended: Callable[[], bool],
        block: Callable[[Judged], None],
    ) -> None:
        self._where, self._plan, self._means = where, plan, means
        self._ended, self._block = ended, block
        wanted = plan.wanted if means.patterns is not None else frozenset[str]()
        self._stream = (
            means.patterns.stream(where.part, wanted, means.budget)
            if means.patterns is not None and wanted
            else None
        )
        self._taken = 0  # of the matches of the stream
        self._windows, self._engines = Windows(), plan.windows
        self._allowance = Allowance(plan.guards)
        self._judged = Judged()
        self._spans: list[Span] = []  # masks that are not out yet
        self._pending: list[Hit] = []
        self._text = ""  # from `_start` on: what is held, and what exclusions look back at
        self._start = self._length = self._released = 0
        self._closed = self.finished = False
        self._masks = self._found = False
        self._hasher = means.tally.hasher()  # of what is no longer kept
        excluding = any(guard.exclusions for guard in plan.guards)
        self._kept = LONGEST + AROUND if excluding else 0

    def feed(self, text: str) -> str:
        """What may be released now."""
        if self._ended() or self.finished:
            return ""
        if text and not self._length:
            self._pending += field_hits(self._plan, self._where)
        self._text += text
        self._length += len(text)
        if not self._closed:
            self._look(self._allowance.take(text))
            if self._allowance.over:
                self._close()
                return self._decide()
        return self._decide() if self._pending or self._judged.missed else self._release()

    def finish(self) -> str:
        """The rest."""
        if self._ended() or self.finished:
            return ""
        self.finished = True
        self._close()
        released = self._decide()
        if self._found and not self._ended():
            self._mark()
        return released

    def _mark(self) -> None:
        """Remember which text it is, as far as it has come."""
        self._means.tally.mark(self._where.channel, self._text, self._hasher, self._start)

    def _look(self, text: str) -> None:
        """Search a piece."""
        if not text:
            return
        stream = self._stream
        if stream is not None:
            self._search(stream.feed, text)
        if self._plan.windows:
            self._score(self._windows.feed(text))

    def _close(self) -> None:
        """No more of the text is judged."""
        if self._closed:
            return
        if self._stream is not None:
            self._search(self._stream.finish)
        if self._plan.windows:
            self._score(self._windows.finish())
        self._closed = True

    def _search(self, step: Callable[..., None], *text: str) -> None:
        """Let the patterns go on by a step."""
        tally, refused, stream = self._means.tally, self._means.budget.refused, self._stream
        before, start = len(refused), tally.start()
        try:
            step(*text)
        except Exception:  # noqa: BLE001  whatever it is, the text was not judged
            self._lose(self._plan.wanted, SkipReason.ERROR)
            self._stream = None
            return
        finally:
            tally.spent(PATTERNS, start)
        if stream is not None and len(stream.settled) > self._taken:
            self._pending += hits_of(stream.settled[self._taken :])
            self._taken = len(stream.settled)
        if len(refused) > before:
            self._lose(frozenset(refused[before:]), SkipReason.VALIDATOR_CALLS)

    def _score(self, windows: list[Window]) -> None:
        hits, failed = score(windows, self._engines, self._means.tally)
        self._pending += hits
        if failed:
            self._engines = tuple(one for one in self._engines if one.key not in failed)
            self._lose(failed, SkipReason.ERROR)

    def _lose(self, keys: Collection[str], reason: SkipReason) -> None:
        for lost in missed(self._plan, self._where, keys, reason):
            self._judged.miss(lost)

    def _decide(self) -> str:
        """Judge what cannot change any more, and release what is before anything that can."""
        self._judge()
        if self._allowance.cuts and self._closed and not self._judged.blocked:
            oversized(self._judged, self._allowance, self._plan, self._where)
            self._allowance.cuts = {}
        if self._judged.found or self._judged.missed or self._judged.excluded:
            self._means.tally.take(self._judged)
        self._found = self._found or bool(self._judged.found)
        if self._judged.blocked:
            if self._found:
                self._mark()
            self._block(self._judged)
            self._text = ""
            return ""
        self._spans += self._judged.spans
        self._judged = Judged()
        return self._release()

    def _held(self) -> int:
        """Where what begins later may still change: nothing before is unsettled."""
        if self._closed:
            return self._length
        return self._length if self._stream is None else self._stream.held

    def _judge(self) -> None:
        if not self._pending:
            return
        horizon = self._length if self._closed else min(self._held(), self._length - AROUND)
        ready = [hit for hit in self._pending if hit.end <= horizon]
        if not ready:
            return
        self._pending = [hit for hit in self._pending if hit.end > horizon]
        judge_hits(
            self._judged,
            ready,
            self._plan,
            self._where,
            cuts=self._allowance.cuts,
            around=self._around,
            to_the_end=False,
            today=self._means.today,
        )

    def _around(self, start: int, end: int) -> tuple[str, str, str]:
        text, first = self._text, max(0, start - self._start)
        last = end - self._start
        return text[max(0, first - AROUND) : first], text[first:last], text[last : last + AROUND]

    def _release(self) -> str:
        """What is before anything that may still change, masked."""
        limit = self._limit()
        if limit <= self._released:
            return ""
        text = self._text[self._released - self._start : limit - self._start]
        if self._spans:
            text = self._masked(text, limit)
        self._means.tally.released += limit - self._released
        self._released = limit
        if limit - self._start > self._kept + _CUT_OFF:
            self._forget()
        return text

    def _limit(self) -> int:
        limit = self._length
        if not self._closed:
            limit = min(self._held(), self._length - self._plan.hold_back)
            for hit in self._pending:
                if hit.window is None and hit.start < limit:
                    limit = hit.start
        return settled(self._spans, limit) if self._spans else limit

    def _masked(self, text: str, limit: int) -> str:
        """What is released up to `limit`. A mask that begins in what is out covers the rest."""
        due = [span for span in self._spans if span.start < limit]
        self._spans = [span for span in self._spans if span.start >= limit]
        clipped = [replace(one, start=max(one.start, self._released)) for one in due]
        kept = [one for one in clipped if one.start < one.end]
        if kept and not self._masks:
            self._masks = True
            self._means.tally.rewritten(masked=1)
        return masked(text, kept, self._released)

    def _forget(self) -> None:
        """Keep what exclusions may look back at, and no more; cut off in large pieces."""
        unused = self._released - self._kept - self._start
        if self._hasher is not None:
            self._hasher.update(self._text[:unused].encode("utf-8", "surrogatepass"))
        self._text = self._text[unused:]
        self._start += unused
