"""All texts of one whole message judged. Pure: no I/O, no clock."""

from collections.abc import Iterable, Sequence

from gateway.guardrails.combine import Judged, Where, missed_by
from gateway.guardrails.guard import Guard
from gateway.guardrails.mask import masked
from gateway.guardrails.means import Means
from gateway.guardrails.seams import Seam, crossing, seams
from gateway.guardrails.whole import judge_text
from gateway.model.finding import Skipped, SkipReason
from gateway.model.passage import Passage, Place
from gateway.model.screening import Screened


def judge_message(
    passages: Sequence[Passage], means: Means, *, rewritable: bool, to_the_end: bool
) -> Screened:
    """The verdict on a message. Where its texts are not `rewritable` a mask blocks. Without
    `to_the_end` each text is judged up to what blocks it."""
    started = means.tally.seconds
    texts: dict[Place, str] = {}
    dropped: set[int] = set()
    fatal: list[Judged] = []
    active = means.guards
    for passage in passages:
        late = _late(active, means.tally.seconds - started)
        active = tuple(guard for guard in active if guard not in late)
        judged = _judge(passage, active, means, rewritable=rewritable, to_the_end=to_the_end)
        for guard in late_for(passage, means.guards, active):
            judged.miss(missed_by(guard, _timeout(passage), _where(passage), blocks=guard.closed))
        means.tally.take(judged)
        if judged.found:
            means.tally.mark(passage.channel, passage.text)
        if judged.blocked and passage.item is not None:
            dropped.add(passage.item)
        elif judged.blocked:
            fatal.append(judged)
        elif judged.spans:
            texts[passage.place] = masked(passage.text, judged.spans)
    for bare, lined in seams(passages):
        judged = crossing(bare, lined, lambda seam: _judge_seam(seam, active, means))
        means.tally.take(judged)
        if judged.blocked:
            fatal.append(judged)
    if fatal:
        return Screened(blocked=means.tally.block(fatal, opaque=means.opaque))
    gone = {one.place for one in passages if one.item in dropped}
    texts = {place: text for place, text in texts.items() if place not in gone}
    means.tally.rewritten(masked=len(texts), dropped=len(dropped))
    return Screened(texts=texts, dropped=frozenset(dropped))


def late_for(passage: Passage, guards: Iterable[Guard], active: tuple[Guard, ...]) -> list[Guard]:
    """The Guardrails whose time ran out before they came to a text that they are about."""
    return [one for one in guards if one not in active and passage.stage in one.stages]


def _late(guards: Iterable[Guard], spent: float) -> list[Guard]:
    return [guard for guard in guards if spent > guard.timeout]


def _judge(
    passage: Passage,
    guards: tuple[Guard, ...],
    means: Means,
    *,
    rewritable: bool,
    to_the_end: bool,
) -> Judged:
    plan = means.plan_of(guards, passage.stage, passage.part)
    if not plan.guards or not passage.text:
        return Judged()
    where = _where(passage, fixed=passage.place.key or not rewritable)
    return judge_text(passage.text, where, plan, means, to_the_end=to_the_end)


def _judge_seam(seam: Seam, guards: tuple[Guard, ...], means: Means) -> Judged:
    """All that is found where parts meet. No mask could cover what reaches over."""
    first = seam.first
    plan = means.plan_of(guards, first.stage, first.part)
    if not plan.guards:
        return Judged()
    return judge_text(seam.text, _where(first, fixed=True), plan, means, to_the_end=True)


def _where(passage: Passage, *, fixed: bool = False) -> Where:
    one = passage
    return Where(one.channel, one.stage, one.part, one.name, fixed=fixed, key=one.place.key)


def _timeout(passage: Passage) -> Skipped:
    return Skipped("*", passage.channel, SkipReason.TIMEOUT)
