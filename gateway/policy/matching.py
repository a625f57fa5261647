"""Which Guardrails apply to a call: structured fields and CEL, as for access rules.

Pure: no I/O, no clock. A Guardrail is one rule here, and one that cannot be shown not to match
does: what a `when` has no value for is judged.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.config.selection import CallMatch, Metadata, Target
from gateway.config.yamltree import Path
from gateway.model.call import Call
from gateway.model.passage import Stage
from gateway.model.principal import Principal
from gateway.model.problem import Place, Problem
from gateway.policy.cel import Runtime
from gateway.policy.celengine import runtime as default_runtime
from gateway.policy.compile import RuleCompiler
from gateway.policy.context import RequestContext
from gateway.policy.decide import decidable
from gateway.policy.evaluation import Evaluation
from gateway.policy.explain import Condition, conditions
from gateway.policy.findings import target_findings
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from gateway.policy.schema import AccessPolicy, AccessRule, AccessSpec
from gateway.policy.source import PolicySource
from gateway.policy.vocabulary import METHODS, METHODS_OF, NAMED, subject

MATCH: Final[Path] = ("spec", "match")
"""Where the match of a Guardrail stands in its document."""

REPLAY: Final = "replay"
"""The name of the rule of a Guardrail about messages that bring the result of another again."""

_LLM: Final = METHODS_OF["llm"] - {"models/list", "models/get"}
_A2A: Final = METHODS_OF["a2a"]
_CARDS: Final = frozenset({"GetAgentCard", "GetExtendedAgentCard"})
_BRING_RESULTS: Final = frozenset({"GET", "tasks/result", "tasks/get"})
"""Messages of MCP that may bring the result of another."""

_MCP: Final = {
    Stage.TOOL_CALL: frozenset({"tools/call"}),
    Stage.TOOL_RESULT: _BRING_RESULTS | {"tools/call"},
    Stage.TOOL_LIST: _BRING_RESULTS | {"tools/list"},
    Stage.PROMPT_GET: _BRING_RESULTS | {"prompts/get"},
    Stage.RESOURCE_READ: _BRING_RESULTS
    | {"resources/read", "resources/subscribe", "resources/unsubscribe"},
}
"""Stages that are of few methods. Everything else of MCP may occur in any of its messages."""


@dataclass(frozen=True, slots=True)
class MatchSource:
    """What a Guardrail document says of when it applies. Without `targets` it is for everything.
    `place` and `text` are as in a `PolicySource`."""

    name: str
    targets: tuple[Target, ...]
    stages: tuple[Stage, ...]
    match: CallMatch
    place: Callable[[Path], Place]
    text: str = ""


@dataclass(frozen=True, slots=True)
class MatchTrace:
    """Whether one Guardrail applies to a call, and why. `value` is that of its `when`: "" where
    it has none, or that does not count for the method."""

    guardrail: str
    place: Place
    conditions: tuple[Condition, ...]
    when: str
    value: str
    applies: bool


class GuardrailMatches:
    """Immutable; made by `compile_matches`. `always` are the names of Guardrails that apply to
    everything."""

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        runtime: Runtime | None = None,
        always: Sequence[str] = (),
        warnings: Iterable[Problem] = (),
    ) -> None:
        self._index = RuleIndex(rules)
        self._runtime = runtime
        self.always = tuple(always)
        self.warnings = tuple(warnings)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The matches with the methods to which they apply, in the order of the documents."""
        return self._index.rules

    def matching(
        self,
        call: Call,
        principal: Principal,
        context: RequestContext,
        known: frozenset[str] | None = None,
    ) -> tuple[str, ...]:
        """The names of the Guardrails that apply, floors first. Nothing is raised for what a client
        sends. `known` are the attributes of the call that are known, None for all: a `when` that
        reads others applies."""
        index = self._index
        mask = index.targeted(context.backend, context.head.route)
        mask &= index.by_method(call.method) & index.by_principal(principal)
        about = subject(call) if call.method in NAMED else None
        if about is not None:
            mask &= index.by_name(*about)
        if not mask or self._runtime is None:
            return self.always
        candidates = list(index.walk(mask))
        decided = [rule for rule in candidates if known is None or decidable(rule, known)]
        evaluation = Evaluation(self._runtime, decided, call, principal, context)
        applying = (
            rule.policy
            for rule in candidates
            if (known is not None and not decidable(rule, known))
            or evaluation.outcome(rule) is not False
        )
        return (*self.always, *dict.fromkeys(applying))

    def explain(
        self, call: Call, principal: Principal, context: RequestContext
    ) -> tuple[MatchTrace, ...]:
        """Every Guardrail of the backend or route, and whether it applies."""
        applying = self.matching(call, principal, context)
        here = [
            rule
            for rule in self._index.rules
            if (context.backend in rule.backends or context.head.route in rule.routes)
            and (rule.name != REPLAY or call.method in rule.methods)
        ]
        always = [
            MatchTrace(name, Place(name, 1, 1), (), "", "", applies=True) for name in self.always
        ]
        return (*always, *(self._trace(rule, applying, call, principal, context) for rule in here))

    def _trace(
        self,
        rule: Rule,
        applying: tuple[str, ...],
        call: Call,
        principal: Principal,
        context: RequestContext,
    ) -> MatchTrace:
        value = ""
        if rule.when is not None and call.method in rule.methods and self._runtime is not None:
            outcome = Evaluation(self._runtime, (rule,), call, principal, context).outcome(rule)
            value = str(outcome).lower() if isinstance(outcome, bool) else "no value, so it applies"
        return MatchTrace(
            rule.policy,
            rule.place,
            tuple(conditions(rule, call, principal)),
            rule.when_text,
            value,
            rule.policy in applying,
        )


def compile_matches(  # noqa: PLR0913  what a configuration says of its Guardrails
    documents: Sequence[MatchSource],
    *,
    backends: Collection[str],
    routes: Collection[str],
    spoken: Mapping[tuple[str, str], Collection[str]] | None = None,
    extensions: Collection[str] = (),
    runtime: Runtime | None = None,
) -> GuardrailMatches | tuple[Problem, ...]:
    """Compile the match of every document, in order; the arguments are those of
    `compile_policies`, and `extensions` the methods outside of every protocol that policies name.

    Returns all problems if one of them is an error; warnings alone are in `.warnings`.
    """
    engine = runtime or default_runtime()
    compiler = RuleCompiler(engine, frozenset(extensions), spoken)
    problems: list[Problem] = []
    rules: list[Rule] = []
    for document in documents:
        if not document.targets:
            continue
        source = _as_policy(document)
        problems += target_findings(source, frozenset(backends), frozenset(routes))
        rule, found = compiler.rule(source, source.model.spec.rules[0], MATCH)
        problems += found
        if rule is not None and not any(one.severity == "error" for one in found):
            occurring = rule.methods & occurs_in(document.stages, extensions)
            problems += _stage_findings(document, source, rule.methods, extensions)
            rules.append(replace(rule, methods=occurring))
            carriers = compiler.possible(document.targets)
            rules += _replayed(rules[-1], document.stages, carriers)
    if any(problem.severity == "error" for problem in problems):
        return tuple(problems)
    always = [document.name for document in documents if not document.targets]
    return GuardrailMatches(rules, engine, always, problems)


def occurs_in(stages: Iterable[Stage], extensions: Collection[str] = ()) -> frozenset[str]:
    """The methods in which texts of some stages may occur."""
    return frozenset[str]().union(*(_methods(stage, extensions) for stage in stages))


def _methods(stage: Stage, extensions: Collection[str]) -> frozenset[str]:
    match stage:
        case Stage.A2A_MESSAGE | Stage.A2A_ARTIFACT:
            return _A2A - _CARDS
        case Stage.AGENT_CARD:
            return _CARDS
        case Stage.NOTIFICATION:
            return METHODS_OF["mcp"].union(extensions)
        case Stage.REQUEST | Stage.RESPONSE:
            return METHODS_OF["mcp"].union(extensions, _LLM)
        case _:
            return _MCP[stage]


def _replayed(rule: Rule, stages: Iterable[Stage], possible: frozenset[str]) -> Iterator[Rule]:
    """The same for messages that bring the result of another call again, of which nothing is known
    but who asks: what the match says of that call does not narrow it there."""
    told = frozenset[str]().union(*(_MCP[stage] for stage in stages if stage in _MCP))
    methods = told & _BRING_RESULTS & possible
    if rule.methods & (told - _BRING_RESULTS) and methods:
        when = rule.when if decidable(rule, frozenset()) else None
        text = rule.when_text if when is not None else ""
        yield replace(rule, name=REPLAY, methods=methods, names={}, when=when, when_text=text)


def _stage_findings(
    document: MatchSource,
    source: PolicySource,
    methods: frozenset[str],
    extensions: Collection[str],
) -> Iterable[Problem]:
    """Stages, and methods that the match names, in which it could never apply."""
    fix = "write a Guardrail of its own for it"
    for number, stage in enumerate(document.stages):
        if not methods & _methods(stage, extensions):
            message = f"no message of {stage.value} carries what match names, or the targets"
            yield source.error(("spec", "stages", number), f"{message} have none", fix)
    for number, method in enumerate(document.match.methods or ()):
        if method in METHODS and method not in methods:
            message = f"{method} does not carry everything that match names"
            yield source.error((*MATCH, "methods", number), message, fix)
        elif method in METHODS and method not in occurs_in(document.stages, extensions):
            message = f"{method} has no text of these stages"
            yield source.error((*MATCH, "methods", number), message, "leave it out")


def _as_policy(document: MatchSource) -> PolicySource:
    """The match as what compiles like it: a rule that denies, which an error does not unmake."""
    given = document.match.model_dump(exclude_unset=True)
    rule = AccessRule(name="match", effect="deny", **given)
    policy = AccessPolicy(
        apiVersion="gatehouse.dev/v1",
        kind="AccessPolicy",
        metadata=Metadata(name=document.name),
        spec=AccessSpec(targets=document.targets, rules=(rule,)),
    )
    return PolicySource(policy, document.place, document.text)
