"""The folder of documents: policies, Guardrails, how pools pick, and what others say of pools."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import ValidationError

from gateway.bootstrap.tool_locks import read_tool_locks
from gateway.config.document import Document, validate
from gateway.config.endpoint_picker import (
    BUILT_IN,
    EndpointPicker,
    EndpointPickerSpec,
    Metadata,
    check_references,
)
from gateway.config.folder import VERSION, read_folder
from gateway.config.gie import GIE_KINDS, Gie
from gateway.config.gie_picker import PickerReading
from gateway.config.schema import Gateway
from gateway.config.shape import nearest
from gateway.config.tool_lock import LockedBackend
from gateway.config.wiring import LONGEST_WAIT
from gateway.config.yamltree import Path as YamlPath
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.model.problem import Problem
from gateway.picker.plan import flow_rules
from gateway.picker.plugins.checks import check_plugins
from gateway.picker.plugins.foreign import read_foreign
from gateway.policy.provenance_schema import Provenance
from gateway.policy.provenance_source import ProvenanceSource
from gateway.policy.schema import AccessPolicy
from gateway.policy.source import PolicySource

PICKER_KINDS: Final = frozenset({"EndpointPicker", "EndpointPickerConfig"})
Pickers: TypeAlias = dict[str, tuple[Document, EndpointPicker]]


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a folder, and every problem of them: none is in force if one is an error.

    `pickers` are our own and llm-d's, which are among `foreign`, too; `named` has also those with
    an error.
    """

    policies: tuple[PolicySource, ...]
    pickers: Mapping[str, EndpointPickerSpec]
    problems: tuple[Problem, ...]
    foreign: Gie = field(default_factory=Gie)
    named: frozenset[str] = frozenset()
    guardrails: tuple[GuardrailSource, ...] = ()
    provenance: tuple[ProvenanceSource, ...] = ()
    tool_locks: tuple[LockedBackend, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether a problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)


def read_documents(folder: Path, environment: Mapping[str, str]) -> Documents:
    """All documents below `folder`."""
    read = read_folder(folder, environment)
    locks, unlocked = read_tool_locks(folder)
    problems = [*read.problems, *unlocked]
    judged = _Judged([], [], [])
    pickers: Pickers = {}
    text_of = cache(_text)  # a file may hold many documents
    for resource in read.resources:
        document = resource.document
        match resource.kind:
            case kind if kind in _JUDGED:
                problems += judged.take(document, _JUDGED[kind], text_of)
            case EndpointPicker.__name__:
                problems += _take_picker(document, pickers)
            case kind if kind not in GIE_KINDS:
                fix = "use AccessPolicy, Guardrail, Provenance or EndpointPicker"
                problems.append(document.problem(("kind",), f"unknown kind {kind}", fix))
            case _:
                pass  # an object may change what another one says, so they are read together
    foreign = read_foreign([one.document for one in read.resources if one.kind in GIE_KINDS])
    problems += foreign.problems
    problems += [one for picker in foreign.pickers for one in _take_foreign(picker, pickers)]
    named = frozenset(one.name for one in read.resources if one.kind in PICKER_KINDS)
    if named <= pickers.keys():  # else a name may be that of one that cannot be used
        problems += check_references(pickers)
    specs = {name: picker.spec for name, (_, picker) in pickers.items()}
    return Documents(
        tuple(judged.policies),
        specs,
        tuple(problems),
        foreign,
        named,
        tuple(judged.guardrails),
        tuple(judged.provenance),
        locks,
    )


_JUDGED: Final[Mapping[str, type[AccessPolicy | Guardrail | Provenance]]] = {
    one.__name__: one for one in (AccessPolicy, Guardrail, Provenance)
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """The documents that say what may be done and said."""

    policies: list[PolicySource]
    guardrails: list[GuardrailSource]
    provenance: list[ProvenanceSource]

    def take(
        self,
        document: Document,
        kind: type[AccessPolicy | Guardrail | Provenance],
        text_of: Callable[[str], str],
    ) -> tuple[Problem, ...]:
        """Add a document of a kind, or tell what is wrong with it."""
        match validate(document, kind):
            case AccessPolicy() as policy:
                text = text_of(document.file)
                self.policies.append(PolicySource(policy, document.place, text))
            case Guardrail() as guardrail:
                text, known = text_of(document.file), find_detectors()
                self.guardrails.append(GuardrailSource.of(guardrail, document, known, text))
            case Provenance() as provenance:
                self.provenance.append(ProvenanceSource(provenance, document.place))
            case problems:
                return problems
        return ()


def _take_picker(document: Document, pickers: Pickers) -> tuple[Problem, ...]:
    picker = validate(document, EndpointPicker)
    if not isinstance(picker, EndpointPicker):
        return picker
    pickers[picker.metadata.name] = document, picker
    path: YamlPath = ("spec", "flow")
    problems = [*check_plugins(document, picker), *_rules(document, picker, path)]
    if picker.spec.profile == "cost" and picker.spec.disaggregation.decider != "cost":
        text = "profile cost decides by cost whether another endpoint prefills first"
        place: YamlPath = ("spec", "disaggregation", "decider")
        problems.append(document.problem(place, text, "remove it, or use plugins"))
    if _longest(picker.spec) > LONGEST_WAIT:
        fix = f"at most {LONGEST_WAIT:g} s together: Envoy waits no longer"
        problems.append(document.problem(path, "ttl and no_endpoint_ttl are too long", fix))
    return tuple(problems)


def _longest(spec: EndpointPickerSpec) -> float:
    """Seconds that a request may wait in all."""
    return spec.flow.ttl + spec.flow.no_endpoint_ttl


def _shortened(spec: EndpointPickerSpec) -> EndpointPickerSpec:
    """`spec` with waiting times as long as they can be."""
    share = LONGEST_WAIT / _longest(spec)
    flow = spec.flow
    times = {"ttl": flow.ttl * share, "no_endpoint_ttl": flow.no_endpoint_ttl * share}
    return spec.model_copy(update={"flow": flow.model_copy(update=times)})


def _take_foreign(reading: PickerReading, pickers: Pickers) -> tuple[Problem, ...]:
    document, name = reading.document, reading.name
    try:
        metadata = Metadata(name=name)
    except ValidationError:
        message = f'"{name}" can name no picker: lower case letters, digits and - alone'
        fix = "give another metadata.name, or one at all"
        return (document.problem(("metadata", "name"), message, fix),)
    if reading.spec is None:
        return ()
    spec, path = reading.spec, ("flowControl",)
    problems: list[Problem] = []
    if _longest(spec) > LONGEST_WAIT:
        spec = _shortened(spec)
        text = f"requests wait {spec.flow.ttl:.3g} s, and {spec.flow.no_endpoint_ttl:.3g} s without"
        text += " endpoints: Envoy waits no longer for both"
        problems.append(document.warning(path, text))
    picker = EndpointPicker(apiVersion=VERSION, kind="EndpointPicker", metadata=metadata, spec=spec)
    pickers[name] = document, picker
    return (*problems, *_rules(document, picker, path))


def _rules(document: Document, picker: EndpointPicker, path: YamlPath) -> tuple[Problem, ...]:
    """What flow control cannot do, and only itself knows."""
    try:
        flow_rules(picker.spec)
    except ValueError as error:
        return (document.problem(path, str(error)),)
    return ()


def check_pickers(
    gateway: Gateway, document: Document, pickers: Collection[str]
) -> tuple[Problem, ...]:
    """The pools that name a document which is not there; `document` is gateway.yaml, `pickers` are
    the names of those that are."""
    problems: list[Problem] = []
    for index, pool in enumerate(gateway.pools):
        if pool.picker in pickers or pool.picker == BUILT_IN:
            continue
        path: YamlPath = ("pools", index, "picker")
        near = nearest(pool.picker, [*pickers, BUILT_IN])
        fix = f'did you mean "{near}"?' if near else "write it into the folder of policies"
        message = f"there is no EndpointPicker {document.quote(path)}"
        problems.append(document.problem(path, message, fix))
    return tuple(problems)


def unused_pickers(gateway: Gateway, documents: Documents) -> tuple[Problem, ...]:
    """The documents of llm-d by which no pool picks: they do not say what they are for."""
    used = {pool.picker for pool in gateway.pools}
    for name in tuple(used):
        spec = documents.pickers.get(name)
        used |= set((spec and spec.split) or ())
        used |= {spec.shadow} if spec and spec.shadow is not None else set[str]()
    message, fix = "no pool picks by this document", "picker: {} in a pool of gateway.yaml"
    return tuple(
        one.document.warning(("kind",), message, fix.format(one.name))
        for one in documents.foreign.pickers
        if one.name in documents.pickers and one.name not in used
    )


def _text(file: str) -> str:
    return Path(file).read_text("utf-8-sig")
