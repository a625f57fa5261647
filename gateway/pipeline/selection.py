"""What a permitted request asks of the pools of its route. No I/O, no clock.

A model that a header names instead of the body's is judged like one in the body. What is asked
about the models themselves the gateway answers.
"""

from dataclasses import dataclass, replace
from random import Random

from gateway.model.call import Call, Deframed
from gateway.model.demand import Demand
from gateway.model.permit import Decision, Permit
from gateway.model.principal import Principal
from gateway.model.prompt import Prompt
from gateway.model.refusal import Reason, Refusal
from gateway.model.unknown_model import unknown_model
from gateway.picker.chain import chain
from gateway.pipeline.demand import Resolved, demand_of, draw_of, names_of, pool_of, resolve
from gateway.pipeline.hints import RequestHints, read_hints
from gateway.pipeline.picking import Pick
from gateway.pipeline.pool import PoolStage
from gateway.pipeline.rescue import RefusedError, ServedError
from gateway.pipeline.snapshot import RouteStage
from gateway.policy.context import RequestContext
from gateway.policy.engine import PolicySet

_LISTED = "models/list"
_IDEMPOTENT = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Selected:
    """The request as it goes on, and what it wants of a pool."""

    message: Deframed
    pick: Pick


class Selection:
    """Of one request of `principal` on `route`."""

    def __init__(
        self,
        route: RouteStage,
        policies: PolicySet,
        principal: Principal,
        context: RequestContext,
    ) -> None:
        self._route = route
        self._policies = policies
        self._principal = principal
        self._context = context

    def check_model(self, message: Deframed) -> None:
        """Raises `RefusedError` where no pool serves the model that `message` names, whatever
        policy says of it: a wrong name is told as such, with those that were perhaps meant."""
        if message.prompt is None:
            return
        model = message.prompt().model
        if model and pool_of(model, self._route.pools) is None:
            raise RefusedError(self._unknown(message.calls[0].target or model))

    def hide_model(self, message: Deframed) -> None:
        """Raises `RefusedError`, as for a model that is not there, where the caller may not see
        that it is: whoever is told nothing of policies must not tell the two apart."""
        name = message.calls[0].target
        if not self._route.pools or message.prompt is None or name is None:
            return
        if not self._shows(_LISTED, name):
            raise RefusedError(self._unknown(name))

    def contexts(self, context: RequestContext) -> tuple[RequestContext, ...]:
        """`context`, and that of the pool to which a header may send the request instead."""
        if len(self._route.pools) < 2:
            return (context,)
        hints = read_hints(context.head, self._principal, self._route.hints)
        backend = backend_of(self._route, hints.model) if hints.model else context.backend
        if backend == context.backend:
            return (context,)
        return context, replace(context, backend=backend)

    def select(self, permit: Permit, message: Deframed, size: int, random: Random) -> Selected:
        """Where `message`, of `size` bytes, goes, since `permit` allows it. Raises `RefusedError`
        for a model that nothing serves or that a header must not name, and `ServedError` with the
        gateway's own answer."""
        if message.answered is not None:
            answer = message.answered(self._shows)
            if isinstance(answer, Refusal):
                raise RefusedError(answer)
            raise ServedError(answer)
        hints = read_hints(self._context.head, self._principal, self._route.hints)
        prompt = message.prompt() if message.prompt is not None else None
        asked = hints.model or _model_of(message, prompt)
        if hints.model:
            self._judge_again(permit, hints.model)
        found = self._resolved(asked, draw_of(hints, random))
        if prompt is None:
            return Selected(message, Pick(found.pool.name, self._plain(hints, found.pool), size))
        if found.model != prompt.model and message.with_model is not None:
            message = message.with_model(found.model)
            prompt = replace(prompt, model=found.model)
        return Selected(message, Pick(found.pool.name, _demand(prompt, hints, found.pool), size))

    def _resolved(self, model: str, draw: float) -> Resolved:
        """What names no model goes to the first pool."""
        found = resolve(model, self._route.pools, draw)
        if found is None and model:
            raise RefusedError(self._unknown(model))
        return found or Resolved(self._route.pools[0], "")

    def _unknown(self, name: str) -> Refusal:
        names = names_of(self._route.pools)
        return unknown_model(name, names, lambda one: self._shows(_LISTED, one))

    def _shows(self, method: str, name: str) -> bool:
        """Whether the caller may use the model, in the pool where that is."""
        context = replace(self._context, backend=backend_of(self._route, name))
        return self._policies.shows(method, name, self._principal, context)

    def _judge_again(self, permit: Permit, model: str) -> None:
        """A header names another model: the caller must be allowed that one, too."""
        context = replace(self._context, backend=backend_of(self._route, model))
        for call in permit.calls:
            renamed = replace(call, target=model, attributes={**call.attributes, "model": model})
            decision = self._policies.decide(renamed, self._principal, context)
            if not decision.allowed:
                raise RefusedError(_denied(call, decision))

    def _plain(self, hints: RequestHints, pool: PoolStage) -> Demand:
        """What a request demands of which no model answers, such as an upload."""
        demand = demand_of(Prompt("", ()), (), hints, pool)
        return replace(demand, repeatable=self._context.head.method in _IDEMPOTENT)


def backend_of(route: RouteStage, model: str) -> str:
    """The pool that `model`, or what it is an alias of, leads to, for policies; the route's backend
    for an unknown one."""
    model = route.renamed.get(model, model)
    pool = pool_of(model, route.pools) if len(route.pools) > 1 else None
    return route.backend if pool is None else pool.name


def judged_backend(route: RouteStage, message: Deframed) -> str:
    """By which policies know where `message` goes: a route of several pools has several."""
    if len(route.pools) < 2:
        return route.backend
    prompt = message.prompt() if message.prompt is not None else None
    model = _model_of(message, prompt)
    return backend_of(route, model) if model else route.backend


def _model_of(message: Deframed, prompt: Prompt | None) -> str:
    """The model that a message names, "" for none."""
    if prompt is not None:
        return prompt.model
    named = message.calls[0].attributes.get("model")
    return named if isinstance(named, str) else ""


def _demand(prompt: Prompt, hints: RequestHints, pool: PoolStage) -> Demand:
    return demand_of(prompt, chain(prompt, pool.block_bytes), hints, pool)


def _denied(call: Call, decision: Decision) -> Refusal:
    return Refusal(
        Reason.DENIED,
        "the model that a header names is not allowed",
        method=call.method,
        policy=decision.policy,
        rule=decision.rule,
    )
