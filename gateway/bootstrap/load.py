"""From files to a configuration that passed every check."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from gateway.bootstrap.documents import Documents, check_pickers, read_documents, unused_pickers
from gateway.bootstrap.guardrails import Guarding, compile_guarding
from gateway.bootstrap.model_armor import template_findings
from gateway.bootstrap.tool_locks import lock_warnings, tool_pins
from gateway.config.document import named_files
from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.folder import LOCK_SUFFIXES
from gateway.config.gie_merge import Merged, merged
from gateway.config.gie_picker import PickerReading
from gateway.config.loading import Loaded as Inspected
from gateway.config.loading import inspect_gateway
from gateway.config.reach import checked, spoken
from gateway.config.schema import Gateway
from gateway.config.shape import nearest
from gateway.guardrails.checked import checked_findings
from gateway.guardrails.source import GuardrailSource
from gateway.guardrails.tools.pins import Pin
from gateway.identity.rules import compile_rules
from gateway.model.problem import Place, Problem
from gateway.policy.cel import Runtime
from gateway.policy.celengine import FALLBACK, Engine
from gateway.policy.celengine import runtime as cel_runtime
from gateway.policy.compile import compile_policies
from gateway.policy.engine import PolicySet
from gateway.policy.provenance_source import ProvenanceSource, provenance_findings
from gateway.policy.source import PolicySource

DEMO_KEY_BYTES: Final = 32


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` say where and why, and `watched` are the files
    and folders that it was read from: a change of one may have mended it."""

    def __init__(self, problems: tuple[Problem, ...], watched: tuple[Path, ...] = ()) -> None:
        errors = [str(problem) for problem in problems if problem.severity == "error"]
        super().__init__("\n".join(errors))
        self.problems = problems
        self.watched = watched


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that passed every check. `gateway` has in its pools what foreign documents
    say of them. `sources` are the validated policy documents, `policies` what they compiled to,
    `pickers` how pools may pick, by name, `foreign` those of them that are llm-d's, as they were
    read, `guardrails` the validated Guardrail documents and `guarding` what they compiled to,
    `tool_pins` the reviewed tools by backend and name, `watched` the files and folders that it came
    from; `made_up_key` is whether the sealing key is one of demo mode."""

    gateway: Gateway
    sources: tuple[PolicySource, ...]
    policies: PolicySet
    warnings: tuple[Problem, ...]
    watched: tuple[Path, ...]
    made_up_key: bool = False
    pickers: Mapping[str, EndpointPickerSpec] = field(default_factory=dict[str, EndpointPickerSpec])
    foreign: tuple[PickerReading, ...] = ()
    guardrails: tuple[GuardrailSource, ...] = ()
    guarding: Guarding = field(default_factory=Guarding)
    provenance: tuple[ProvenanceSource, ...] = ()
    tool_pins: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict[str, Mapping[str, Pin]])

    @property
    def digest(self) -> str:
        """A short name for exactly this configuration, secrets left out."""
        shown = [self.gateway.model_dump_json()]
        shown += [source.model.model_dump_json() for source in self.sources]
        shown += [source.model.model_dump_json() for source in self.guardrails]
        shown += [source.model.model_dump_json() for source in self.provenance]
        shown += [f"{name} {spec.model_dump_json()}" for name, spec in self.pickers.items()]
        pins = sorted((name, sorted(tools.items())) for name, tools in self.tool_pins.items())
        shown += [f"{name} {tool} {pin.sha256}" for name, tools in pins for tool, pin in tools]
        shown += [name for name, _ in pins]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:12]

    def with_key_of(self, other: "Loaded") -> "Loaded":
        """This configuration with the sealing key of `other` if both are made up: such a key lives
        as long as the run, so that sessions survive a reload."""
        if not (self.made_up_key and other.made_up_key):
            return self
        gateway = self.gateway.model_copy(update={"sessions": other.gateway.sessions})
        return replace(self, gateway=gateway)


def load(  # noqa: PLR0913  what a run is like
    path: Path,
    environment: Mapping[str, str],
    *,
    demo: bool = False,
    engine: Engine | None = None,
    workers: int | None = None,
    serving: bool = False,
) -> Loaded:
    """Read and check gateway.yaml and its policies. Raises `ConfigurationError`.

    With `demo` a missing sealing key is made up for this run; `engine` is the CEL implementation to
    check with (default: the one that judges here); `workers` is how many there will be where that
    is not what gateway.yaml says; with `serving` the run folder is used, too.
    """
    inspected = inspect_gateway(path, environment, demo=demo)
    gateway, watched = inspected.gateway, _watched(path, inspected.typed, environment)
    if gateway is None:
        watched = (*watched, *_key_sets(inspected.typed), *_member_files(inspected.typed))
        raise ConfigurationError(inspected.problems, watched)
    made_up = demo and not gateway.sessions.keys
    if made_up:
        gateway = _with_demo_key(gateway)
    documents = read_documents(Path(gateway.policies), environment)
    whole = _merged(gateway, inspected, documents)
    gateway, problems = whole.gateway, (*documents.problems, *whole.problems)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigurationError(problems, watched)
    runtime = _runtime(engine, path)
    policies = compile_policies(
        documents.policies,
        backends=[backend.name for backend in gateway.upstreams],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        checked=checked(gateway),
        base=gateway.base,
        runtime=runtime,
    )
    if not isinstance(policies, PolicySet):
        raise ConfigurationError(policies, watched)
    guarding = compile_guarding(
        documents.guardrails,
        policies,
        backends=[backend.name for backend in gateway.upstreams],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        runtime=runtime,
        run=gateway.service.run if serving else None,
    )
    if not isinstance(guarding, Guarding):
        raise ConfigurationError(guarding, watched)
    _check_provenance(gateway, documents.provenance, watched, workers)
    _check_providers(gateway, documents.guardrails, watched)
    _check_listeners(gateway, path, watched)
    _check_templates(gateway, inspected, guarding, watched)
    locked = lock_warnings(gateway, documents.tool_locks)
    warned = (*inspected.problems, *problems, *_engine_warning(runtime, engine, path), *locked)
    return Loaded(
        gateway=gateway,
        sources=documents.policies,
        policies=policies,
        warnings=(*warned, *policies.warnings, *guarding.warnings),
        watched=watched,
        made_up_key=made_up,
        pickers=documents.pickers,
        foreign=documents.foreign.pickers,
        guardrails=documents.guardrails,
        guarding=guarding,
        provenance=documents.provenance,
        tool_pins=tool_pins(documents.tool_locks),
    )


def folder_policies(folder: Path, environment: Mapping[str, str]) -> PolicySet:
    """The policies of a folder alone, for whatever backends and routes they name.

    Raises `ConfigurationError`.
    """
    return folder_judges(folder, environment)[0]


def folder_judges(folder: Path, environment: Mapping[str, str]) -> tuple[PolicySet, Guarding]:
    """The policies and the Guardrails of a folder alone. Raises `ConfigurationError`."""
    documents = read_documents(folder, environment)
    if documents.broken:
        raise ConfigurationError(documents.problems)
    sources = documents.policies
    targets = [target for source in sources for target in source.model.spec.targets]
    targets += [one for source in documents.guardrails for one in source.model.spec.targets]
    backends = [target.backend for target in targets if target.backend]
    routes = [target.route for target in targets if target.route]
    policies = compile_policies(sources, backends=backends, routes=routes)
    if not isinstance(policies, PolicySet):
        raise ConfigurationError(policies)
    guarding = compile_guarding(documents.guardrails, policies, backends=backends, routes=routes)
    if not isinstance(guarding, Guarding):
        raise ConfigurationError(guarding)
    return policies, guarding


def _member_files(gateway: Gateway | None) -> Iterable[Path]:
    """The files of members of pools, which are followed by themselves once they are right."""
    return (Path(pool.file) for pool in (gateway.pools if gateway else ()) if pool.file)


def secret_files(gateway: Gateway) -> tuple[Path, ...]:
    """Certificates and keys that the configuration names; a change of one is a reload."""
    named: list[str | None] = []
    for listener in gateway.listeners:
        if listener.tls is not None:
            named += [listener.tls.certificate, listener.tls.key, listener.tls.client_ca]
    for backend in gateway.upstreams:
        if backend.tls is not None:
            named += [backend.tls.ca, backend.tls.certificate, backend.tls.key]
    if gateway.service.model_armor is not None:
        named += [gateway.service.model_armor.certificate, gateway.service.model_armor.key]
    return tuple(Path(name) for name in named if name)


def _watched(
    path: Path, gateway: Gateway | None, environment: Mapping[str, str]
) -> tuple[Path, ...]:
    """gateway.yaml and everything that it and its policies name."""
    watched = (path, *named_files(path, environment))
    if gateway is None:
        return watched
    folder = Path(gateway.policies)
    files = [one for one in folder.rglob("*.y*ml") if not one.name.endswith(LOCK_SUFFIXES)]
    named = [name for file in files for name in named_files(file, environment)]
    return (*watched, folder, *named, *secret_files(gateway))


def _key_sets(gateway: Gateway | None) -> Iterable[Path]:
    """The key set files of issuers, which are read again by themselves once they are there."""
    issuers = gateway.identity.jwt if gateway else ()
    return (Path(one.jwks_file) for one in issuers if one.jwks_file)


def _merged(gateway: Gateway, inspected: Inspected, documents: Documents) -> Merged:
    """`gateway` with what the folder says of its pools, and every problem of that."""
    whole = merged(gateway, documents.foreign)
    if inspected.document is None:
        return whole
    unnamed = check_pickers(gateway, inspected.document, documents.named)
    unused = unused_pickers(gateway, documents)
    return Merged(whole.gateway, (*unnamed, *unused, *whole.problems))


def _runtime(engine: Engine | None, path: Path) -> Runtime:
    try:
        return cel_runtime(engine)
    except ImportError as error:
        fix = f"use {FALLBACK}"
        problem = Problem(
            Place(str(path), 1, 1), "policies", f"{engine} cannot be imported here", fix
        )
        raise ConfigurationError((problem,)) from error


def _engine_warning(runtime: Runtime, engine: Engine | None, path: Path) -> tuple[Problem, ...]:
    """That this process judges with the fallback, if nobody asked for it."""
    if engine is not None or runtime.name != FALLBACK:
        return ()
    text = f"policies run on {FALLBACK}, which is slower: cel-expr-python cannot be imported here"
    return (Problem(Place(str(path), 1, 1), "policies", text, severity="warning"),)


def _check_provenance(
    gateway: Gateway,
    sources: tuple[ProvenanceSource, ...],
    watched: tuple[Path, ...],
    workers: int | None,
) -> None:
    """Targets are there, and what one worker remembers the others know, too."""
    backends = [backend.name for backend in gateway.upstreams]
    routes = [route.name for route in gateway.routes]
    problems = list(provenance_findings(sources, backends, routes))
    if sources and (workers or gateway.service.workers) > 1 and not gateway.state.shared:
        message = "several workers remember taints in common only where state is a URL"
        problems.append(sources[0].problem(("kind",), message, 'state: "redis://host:6379"'))
    if problems:
        raise ConfigurationError(tuple(problems), watched)


def _check_providers(
    gateway: Gateway, sources: tuple[GuardrailSource, ...], watched: tuple[Path, ...]
) -> None:
    """Guardrails name providers of gateway.yaml, and what their routes can do."""
    known = [one.name for one in gateway.guardrail_providers]
    problems: list[Problem] = []
    for source in sources:
        problems += checked_findings(source, checked(gateway))
        for number, use in enumerate(source.model.spec.providers):
            if use.name not in known:
                near = nearest(use.name, known)
                fix = f'did you mean "{near}"?' if near else "add it to guardrail_providers"
                message = f"there is no guardrail provider {use.name}"
                problems.append(source.error(("spec", "providers", number, "name"), message, fix))
    if problems:
        raise ConfigurationError(tuple(problems), watched)


def _check_templates(
    gateway: Gateway, inspected: Inspected, guarding: Guarding, watched: tuple[Path, ...]
) -> None:
    """Templates of Model Armor's API name Guardrails that judge what is sent there."""
    if inspected.document is None:
        return
    problems = tuple(template_findings(gateway, inspected.document, guarding.book))
    if problems:
        raise ConfigurationError(problems, watched)


def _check_listeners(gateway: Gateway, path: Path, watched: tuple[Path, ...]) -> None:
    for number, listener in enumerate(gateway.listeners):
        try:
            compile_rules(listener.identity, gateway.identity)
        except ValueError as error:
            problem = Problem(Place(str(path), 1, 1), f"listeners[{number}]", str(error))
            raise ConfigurationError((problem,), watched) from error


def _with_demo_key(gateway: Gateway) -> Gateway:
    key = base64.b64encode(secrets.token_bytes(DEMO_KEY_BYTES)).decode()
    sessions = gateway.sessions.model_copy(update={"keys": (SecretStr(key),)})
    return gateway.model_copy(update={"sessions": sessions})
