"""The rewrites that InferenceModelRewrite objects ask of a pool. Pure."""

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


def _age(found: InferenceModelRewrite) -> tuple[datetime, str, str]:
    created = found.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
    moment = created if created.tzinfo else created.replace(tzinfo=UTC)
    return (moment, found.metadata.namespace, found.metadata.name)


def _of_rule(rule: RewriteRule, path: Path) -> Iterator[tuple[Path, Rewrite]]:
    targets = tuple(RewriteTarget(model=t.model_rewrite, weight=t.weight) for t in rule.targets)
    for number, match in enumerate(rule.matches):
        where = (*path, "matches", number, "model", "value")
        yield where, Rewrite(model=match.model.value, targets=targets)
    if not rule.matches:
        yield path, Rewrite(model=None, targets=targets)
