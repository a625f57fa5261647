"""What `gatehouse doctor` finds out about one model server."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from gateway.cli.model_server import AskError, ModelServer, Told
from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonObject
from gateway.picker.engines import find_engines
from gateway.picker.exposition import Exposition

Level: TypeAlias = Literal["ok", "advice", "wrong"]

SLOW_SECONDS: Final = 0.25
"""As often a busy server is asked."""

GIVEN_UP_SECONDS: Final = 1.0
"""After which the gateway no longer waits for metrics."""

PROMPT: Final = "Say yes. " * 40
"""Longer than a block of any engine's cache, so that the second question finds the first's."""

DETAILS: Final = {
    "vllm": "start vLLM with --enable-prompt-tokens-details",
    "sglang": "start SGLang with --enable-cache-report",
}
CACHING: Final = "start vLLM with --enable-prefix-caching"
EVENTS: Final = (
    'vLLM tells exactly what it has cached with --kv-events-config \'{"enable_kv_cache_events": '
    'true, "publisher": "zmq", "endpoint": "tcp://*:5557", "replay_endpoint": "tcp://*:5558"}\', '
    "and the pool listens with kv_events: {replay_port: 5558}; whether it does cannot be seen from "
    "outside"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one server."""

    level: Level
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A server, and what is configured of it: its engine, and the names that requests may use
    (empty: any)."""

    pool: str
    address: str
    server: ModelServer
    engine: str = "vllm"
    models: tuple[str, ...] = ()


def examine(patient: Patient, *, probe: bool) -> Iterator[Finding]:
    """Everything that can be found out; with `probe` by two completions of one token, too."""
    engine = patient.engine
    if patient.server.metrics:
        told, findings = _metrics(patient)
        yield from findings
        if told is not None:
            engine = engine_of(told) or engine
            yield from _engine(patient, told)
    yield from _models(patient)
    if probe:
        yield from _probe(patient, engine)
    elif engine in DETAILS:
        text = f"unknown whether cached tokens are reported: try --probe, or {DETAILS[engine]}"
        yield Finding("advice", "prompt-tokens-details", text)


def _metrics(patient: Patient) -> tuple[Told | None, list[Finding]]:
    try:
        told = patient.server.ask_metrics()
    except AskError as error:
        text = f"{error}: the gateway picks by its own counts alone"
        return None, [Finding("wrong", "metrics", text)]
    milliseconds = round(told.seconds * 1000)
    if told.seconds > GIVEN_UP_SECONDS:
        text = f"took {milliseconds} ms; the gateway waits {GIVEN_UP_SECONDS:.0f} s at most"
        return told, [Finding("wrong", "metrics", text)]
    if told.seconds > SLOW_SECONDS:
        return told, [Finding("advice", "metrics", f"took {milliseconds} ms: the server is slow")]
    return told, [Finding("ok", "metrics", f"told in {milliseconds} ms")]


def engine_of(told: Told) -> str | None:
    """The engine whose metrics these are; None if it is none or several."""
    found = [one.name for one in find_engines().values() if _knows(one.load(told.body, 0.0))]
    return found[0] if len(found) == 1 else None


def _knows(load: EngineLoad | None) -> bool:
    return load is not None and (load.running is not None or load.waiting is not None)


def _engine(patient: Patient, told: Told) -> Iterator[Finding]:
    configured, found = patient.engine, engine_of(told)
    known = _knows(find_engines()[configured].load(told.body, 0.0))
    if found is not None and found != configured:
        text = f"the pool says {configured}, but these metrics are those of {found}: set that"
        yield Finding("wrong", "engine", text)
    elif not known and configured != "openai":
        yield Finding("wrong", "engine", f"nothing of what {configured} tells is in its metrics")
    elif known:
        yield Finding("ok", "engine", configured)
    if found == "vllm":
        yield from _vllm(told)


def _vllm(told: Told) -> Iterator[Finding]:
    values = {
        one.labels.get("enable_prefix_caching", "")
        for one in Exposition(told.body).series("vllm:cache_config_info")
    }
    if values == {"True"}:
        yield Finding("ok", "prefix-caching", "is on")
    elif "False" in values:
        text = f"is off: nothing can be routed to what is cached; {CACHING}"
        yield Finding("wrong", "prefix-caching", text)
    else:
        yield Finding("advice", "prefix-caching", f"is not told; to be sure {CACHING}")
    yield Finding("advice", "kv-events", EVENTS)


def _models(patient: Patient) -> Iterator[Finding]:
    try:
        served = patient.server.models()
    except AskError as error:
        yield Finding("wrong", "models", str(error))
        return
    missing = [name for name in patient.models if name not in served]
    unused = [name for name in served if name not in patient.models] if patient.models else []
    if missing:
        text = f"does not serve {', '.join(missing)}, which the pool names; it serves "
        yield Finding("wrong", "models", text + (", ".join(served) or "none"))
    if unused:
        text = f"also serves {', '.join(unused)}, which requests cannot use through the pool"
        yield Finding("advice", "models", text)
    if not missing and not served:
        yield Finding("wrong", "models", "serves no model")
    elif not missing:
        yield Finding("ok", "models", ", ".join(served))


def _probe(patient: Patient, engine: str) -> Iterator[Finding]:
    try:
        model = next(iter((*patient.models, *patient.server.models())), "")
        usage = [_usage(patient.server.complete(model, PROMPT)) for _ in range(2)][-1]
    except AskError as error:
        yield Finding("wrong", "completion", str(error))
        return
    yield Finding("ok", "completion", f"{model} answers")
    if isinstance(usage.get("prompt_tokens_details"), dict):
        yield Finding("ok", "prompt-tokens-details", "cached tokens are reported")
        return
    text = "cached tokens are not reported: what the gateway believes of caches stays unchecked"
    fix = DETAILS.get(engine)
    yield Finding("wrong" if fix else "advice", "prompt-tokens-details", _joined(text, fix))


def _joined(text: str, fix: str | None) -> str:
    return f"{text}; {fix}" if fix else text


def _usage(answer: JsonObject) -> JsonObject:
    usage = answer.get("usage")
    return usage if isinstance(usage, dict) else {}
