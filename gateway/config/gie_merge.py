"""What foreign documents say of the pools of gateway.yaml, merged into these. Pure: no I/O, no
clock.

gateway.yaml counts where both say something. An object belongs to the pool whose name its poolRef
has, so the objects of one pool have to be of one namespace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gateway.config.document import Document
from gateway.config.gie import Gie
from gateway.config.gie_foreign import name_of, namespace_of
from gateway.config.gie_pool_checks import check_manifest
from gateway.config.gie_resources import InferenceModelRewrite, InferenceObjective, InferencePool
from gateway.config.gie_rewrite import RuleFound, rewrites_of, rules_of
from gateway.config.pool import Pool
from gateway.config.pool_checks import names_of
from gateway.config.schema import Gateway
from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.model.problem import Place, Problem

Placed = tuple[BaseModel, Document]


@dataclass(frozen=True, slots=True)
class Merged:
    """gateway.yaml with objectives and rewrites of others, and what is to be said of that. With an
    error among `problems` it must not be used."""

    gateway: Gateway
    problems: tuple[Problem, ...]


def merged(gateway: Gateway, gie: Gie) -> Merged:
    """`gateway` with what `gie` says of its pools."""
    names = [pool.name for pool in gateway.pools]
    problems = [one for found in gie.documents for one in _stray(found, names)]
    pools: list[Pool] = []
    for pool in gateway.pools:
        mine = [found for found in gie.documents if _pool_of(found[0]) == pool.name]
        reader = _Merge(gateway, pool, mine, [])
        pools.append(reader.pool())
        problems += reader.problems
    whole = gateway.model_copy(update={"pools": tuple(pools)}) if gie.documents else gateway
    problems += _owners(whole, gie.documents)
    return Merged(whole, tuple(problems))


def _pool_of(model: BaseModel) -> str:
    match model:
        case InferencePool():
            return model.metadata.name
        case InferenceObjective() | InferenceModelRewrite():
            return model.spec.pool_ref.name
        case _:
            return ""


def _stray(found: Placed, names: Sequence[str]) -> Iterator[Problem]:
    """That an object is of a pool that is not there."""
    model, document = found
    if _pool_of(model) in names:
        return
    near = nearest(_pool_of(model), names)
    add = "add it to pools of gateway.yaml"
    path: Path = ("spec", "poolRef", "name")
    if isinstance(model, InferencePool):
        path = ("metadata", "name")
        add += f", with kubernetes: {{inference_pool: {model.metadata.name}}}, members or file"
    fix = f'did you mean "{near}"?' if near else add
    message = f"no effect: gateway.yaml has no pool {document.quote(path)}"
    yield document.warning(path, message, fix)


@dataclass(slots=True)
class _Merge:
    """What the objects `found`, all of `base`, say of it."""

    gateway: Gateway
    base: Pool
    found: list[Placed]
    problems: list[Problem]

    def pool(self) -> Pool:
        self._one_namespace()
        for model, document in self.found:
            if isinstance(model, InferencePool):
                self.problems += check_manifest(model, self.base, document)
        changes: dict[str, Any] = {}
        if objectives := self._objectives():
            changes["objectives"] = {**objectives, **self.base.objectives}
        rewrites = [model for model, _ in self.found if isinstance(model, InferenceModelRewrite)]
        if rewrites:
            self._rules(rewrites)
            own = {rewrite.model for rewrite in self.base.rewrites}
            more = (one for one in rewrites_of(rewrites) if one.model not in own)
            changes["rewrites"] = (*self.base.rewrites, *more)
        return self.base.model_copy(update=changes) if changes else self.base

    def _one_namespace(self) -> None:
        first: tuple[str, Place] | None = None
        path: Path = ("metadata", "namespace")
        seen: dict[tuple[str, str], Place] = {}
        for model, document in self.found:
            namespace = namespace_of(document)
            if namespace is not None:
                first = first or (namespace, document.place(path))
                if namespace != first[0]:
                    message = f'pool "{self.base.name}" has objects of namespace "{first[0]}", too'
                    fix = f"keep those of one namespace; the other is at {first[1]}"
                    self.problems.append(document.problem(path, message, fix))
                    continue
            where: Path = ("metadata", "name")
            key = type(model).__name__, name_of(document)
            if key in seen:  # one with the namespace and one without, which the folder lets pass
                message = f"{key[0]} {document.quote(where)} already exists"
                fix = f"rename one; the other is at {seen[key]}"
                self.problems.append(document.problem(where, message, fix))
            seen.setdefault(key, document.place(where))

    def _objectives(self) -> dict[str, int]:
        priorities: dict[str, int] = {}
        for model, document in self.found:
            if not isinstance(model, InferenceObjective):
                continue
            name, priority = model.metadata.name, model.spec.priority
            own = self.base.objectives.get(name, priority)
            if own != priority:
                message = f'no effect: gateway.yaml gives "{name}" the priority {own}'
                self.problems.append(
                    document.warning(("spec", "priority"), message, "remove it in one of them")
                )
            priorities.setdefault(name, priority)
        self._heeded()
        return priorities

    def _heeded(self) -> None:
        """That no client can name an objective, if so: hints count only where a route says."""
        objectives = (found for found in self.found if isinstance(found[0], InferenceObjective))
        _, document = next(objectives, (None, None))
        routes = [one for one in self.gateway.routes if self.base.name in {one.backend, *one.pools}]
        allowed = any("objective" in hints.allow for one in routes for hints in one.hints)
        if document is not None and not allowed:
            message = f'no route to pool "{self.base.name}" lets clients name an objective'
            fix = "hints: [{allow: [objective]}] on the route, with the principals that may"
            self.problems.append(document.warning(("kind",), message, fix))

    def _rules(self, objects: Sequence[InferenceModelRewrite]) -> None:
        own = {rewrite.model: rewrite for rewrite in self.base.rewrites}
        places: dict[str | None, Place] = {}
        for rule in rules_of(objects):
            document = self._document(rule.source)
            model = rule.rewrite.model
            if model in own:
                if own[model] != rule.rewrite:
                    message = f"no effect: gateway.yaml rewrites {_named(model)} otherwise"
                    fix = "remove it in one of them"
                    self.problems.append(document.warning(rule.path, message, fix))
                continue
            if model in places:
                message = f"no effect: an earlier rule is for {_named(model)}"
                fix = f"merge the two; the other is at {places[model]}"
                self.problems.append(document.warning(rule.path, message, fix))
                continue
            places[model] = document.place(rule.path)
            self._targets(rule, document)

    def _targets(self, rule: RuleFound, document: Document) -> None:
        known = (*self.base.models, *self.base.adapters)
        for number, target in enumerate(rule.rewrite.targets if known else ()):
            if target.model in known:
                continue
            path: Path = ("spec", "rules", rule.number, "targets", number, "modelRewrite")
            message = f'pool "{self.base.name}" has no model {document.quote(path)}'
            near = nearest(target.model, known)
            fix = f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(known))}"
            problem = document.problem(path, message, fix)
            if problem not in self.problems:  # a rule for several names has its targets once
                self.problems.append(problem)

    def _document(self, source: BaseModel) -> Document:
        return next(document for model, document in self.found if model is source)


def _named(model: str | None) -> str:
    return "every other model" if model is None else f'"{model}"'


def _owners(gateway: Gateway, found: Sequence[Placed]) -> Iterator[Problem]:
    """Names that rewrites give to a pool, and another pool of the same route has."""
    pools = {pool.name: pool for pool in gateway.pools}
    for model, document in found:
        if not isinstance(model, InferenceModelRewrite) or _pool_of(model) not in pools:
            continue
        name = _pool_of(model)
        for route in gateway.routes:
            led = [one for one in (route.backend, *route.pools) if one in pools]
            others = [one for one in led if one != name] if name in led else []
            for rule in rules_of([model]):
                for other in others:
                    if rule.rewrite.model in names_of(pools[other]):
                        message = f'{document.quote(rule.path)} is of pool "{other}", too'
                        fix = f"one pool of route {route.name} has a model"
                        yield document.problem(rule.path, message, fix)
