"""Which model a request gets in place of the one it names. Pure; chance comes as a number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.config.gie_resources import InferenceModelRewrite, RewriteRule
from gateway.config.pool import Rewrite, RewriteTarget
from gateway.config.yamltree import Path


@dataclass(frozen=True, slots=True)
class RuleFound:
    """A rule for one name, the object that it is of, the `number` of it there, and where in that
    object the name is written."""

    rewrite: Rewrite
    source: InferenceModelRewrite
    number: int
    path: Path


def rewrites_of(objects: Sequence[InferenceModelRewrite]) -> tuple[Rewrite, ...]:
    """The rules of all `objects` of one pool, in the order in which they count: the oldest object
    first (those without a creation time last, equal ones by namespace and name), then the rules as
    written. A name that an earlier rule has is left out of later ones."""
    rewrites: dict[str | None, Rewrite] = {}
    for found in rules_of(objects):
        rewrites.setdefault(found.rewrite.model, found.rewrite)
    return tuple(rewrites.values())


def rules_of(objects: Sequence[InferenceModelRewrite]) -> Iterator[RuleFound]:
    """Every rule of all `objects` of one pool, in the order of `rewrites_of`, once for each name
    that it has; those that do not count, too."""
    for found in sorted(objects, key=_age):
        for number, rule in enumerate(found.spec.rules):
            for path, rewrite in _of_rule(rule, ("spec", "rules", number)):
                yield RuleFound(rewrite, found, number, path)


def rewritten(rewrites: Sequence[Rewrite], model: str | None, share: float) -> str | None:
    """The model that a request gets which names `model` (None: none). `share` is a random number
    from 0 up to 1, excluded. None if the request keeps its model.

    A rule for the very name beats one for every request (llm-d v0.10, InferenceModelRewrite).
    """
    found = next((r for r in rewrites if r.model is not None and r.model == model), None)
    found = found or next((r for r in rewrites if r.model is None), None)
    return chosen(found.targets, share) if found else None


def chosen(targets: Sequence[RewriteTarget], share: float) -> str | None:
    """The model of one of `targets`, as often as its weight says, for `share` from 0 up to 1,
    excluded. A target without weight beside weighted ones is never chosen; if none has a weight,
    all are equal. None if no target can be chosen.
    """
    weighted = any(target.weight is not None for target in targets)
    weights = [target.weight or 0 if weighted else 1 for target in targets]
    rest = share * sum(weights)
    model = None
    for target, weight in zip(targets, weights, strict=True):
        if weight > 0:
            model = target.model  # of the last one, should rounding leave a rest
            if rest < weight:
                break
            rest -= weight
    return model


def _age(found: InferenceModelRewrite) -> tuple[datetime, str, str]:
    created = found.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
    moment = created if created.tzinfo else created.replace(tzinfo=UTC)
    return (moment, found.metadata.namespace, found.metadata.name)


def _of_rule(rule: RewriteRule, path: Path) -> Iterator[tuple[Path, Rewrite]]:
    weighted = any(t.weight is not None for t in rule.targets)
    targets = tuple(
        # a target without weight beside weighted ones is never chosen there
        RewriteTarget(model=t.model_rewrite, weight=(t.weight or 0) if weighted else None)
        for t in rule.targets
    )
    for number, match in enumerate(rule.matches):
        where = (*path, "matches", number, "model", "value")
        yield where, Rewrite(model=match.model.value, targets=targets)
    if not rule.matches:
        yield path, Rewrite(model=None, targets=targets)
