"""What a provider is asked about a message, and what its verdict means for a Guardrail.

Pure: no I/O, no clock. Give it the passages as they would go on, local masks applied: what was
masked here need not leave the gateway. Places of findings are then those of these texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.mask import Span, masked
from gateway.guardrails.provider import (
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
    finding_of,
)
from gateway.model.finding import Action, Skipped
from gateway.model.outcome import Found, Missed
from gateway.model.passage import Passage, Place, Stage


@dataclass(frozen=True, slots=True)
class Consultation:
    """A question, and the passages that its texts are of, in the same order."""

    question: Question
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a verdict makes of a message.

    `blocked` are the passages that must not go on, as indexes of the consultation; with `all` none
    of the message may. `texts` are new texts by place. In shadow both are empty: `found` and
    `missed` alone say what would be.
    """

    found: tuple[Found, ...] = ()
    missed: tuple[Missed, ...] = ()
    texts: Mapping[Place, str] = field(default_factory=dict[Place, str])
    blocked: frozenset[int] = frozenset()
    all: bool = False


def consultations(
    passages: Iterable[Passage], guard: Guard, use: ProviderUse, direction: Direction, model: str
) -> Iterator[Consultation]:
    """What to ask: one question a stage, in the order of the passages, and one for each item of a
    list, so that one that is bad costs no other. Blank texts are left out, and keys of objects
    where the Guardrail does not judge them."""
    groups: dict[tuple[Stage, int | None], list[Passage]] = {}
    for one in passages:
        wanted = one.stage in guard.stages and (use.parts is None or one.part in use.parts)
        if wanted and one.text.strip() and (guard.keys or not one.place.key):
            groups.setdefault((one.stage, one.item), []).append(one)
    for (stage, _), group in groups.items():
        names = {one.name for one in group}
        question = Question(
            tuple(one.text for one in group),
            stage,
            tuple(one.part for one in group),
            direction,
            model,
            names.pop() if len(names) == 1 else "",
        )
        yield Consultation(question, tuple(group))


def opinion(
    asked: Consultation,
    verdict: ProviderVerdict,
    guard: Guard,
    use: ProviderUse,
    *,
    rewritable: bool = True,
) -> Opinion:
    """What follows from a verdict. A mask that has no place, or for which nothing can be put (the
    message is not `rewritable`, or the text is a key), blocks."""
    counted = [found for found in verdict.findings if use.counts(found)]
    action = _action(verdict, use) if counted else None
    texts: dict[int, str] = {}
    if action is Action.MASK:
        texts = _masks(asked, verdict, counted, use)
        fixed = not rewritable or any(asked.passages[index].place.key for index in texts)
        if fixed or not _covered(counted, texts):
            action, texts = Action.BLOCK, {}
    found = tuple(_found(one, asked, guard, use, action) for one in counted)
    missed = tuple(_missed(asked, verdict, guard, use))
    if guard.shadow:
        return Opinion(found, missed)
    blocks = counted if action is Action.BLOCK else []
    return Opinion(
        found,
        missed,
        {asked.passages[index].place: text for index, text in texts.items()},
        frozenset(one.text for one in blocks if one.text is not None),
        any(one.text is None for one in blocks) or (bool(missed) and guard.closed),
    )


def _action(verdict: ProviderVerdict, use: ProviderUse) -> Action:
    """What the provider asks for where the Guardrail leaves it to him."""
    if use.action is not None:
        return use.action
    match verdict.action:
        case ProviderAction.BLOCK:
            return Action.BLOCK
        case ProviderAction.MASK:
            return Action.MASK
        case ProviderAction.NONE:
            return Action.LOG


def _masks(
    asked: Consultation,
    verdict: ProviderVerdict,
    counted: Sequence[ProviderFinding],
    use: ProviderUse,
) -> dict[int, str]:
    """New texts by index: the provider's own where the Guardrail takes all that it finds, else
    ours, by the places of the findings that count."""
    if verdict.texts is not None and use.categories is None:
        pairs = zip(asked.question.texts, verdict.texts, strict=True)
        return {index: new for index, (old, new) in enumerate(pairs) if new != old}
    spans: dict[int, list[Span]] = {}
    for one in counted:
        if one.text is None or one.span is None:
            return {}
        spans.setdefault(one.text, []).append(Span(*one.span, one.category))
    return {index: masked(asked.question.texts[index], own) for index, own in spans.items()}


def _covered(counted: Sequence[ProviderFinding], texts: Mapping[int, str]) -> bool:
    """Whether each finding is in a text that is masked: one that names no text counts as being in
    those that the provider has changed."""
    return bool(texts) and all(one.text is None or one.text in texts for one in counted)


def _found(
    one: ProviderFinding,
    asked: Consultation,
    guard: Guard,
    use: ProviderUse,
    action: Action | None,
) -> Found:
    channels = [passage.channel for passage in asked.passages]
    finding = finding_of(one, use.provider, channels, asked.question.texts)
    passage = asked.passages[one.text or 0]
    effect = action or Action.LOG
    return Found(
        guard.name, finding, effect, guard.shadow, passage.stage, passage.part, passage.name
    )


def _missed(
    asked: Consultation, verdict: ProviderVerdict, guard: Guard, use: ProviderUse
) -> Iterator[Missed]:
    if verdict.skipped is not None:
        skipped = Skipped(use.provider, "", verdict.skipped)
        action = Action.BLOCK if guard.closed else Action.LOG
        yield Missed(guard.name, skipped, action, guard.shadow, asked.question.stage)
