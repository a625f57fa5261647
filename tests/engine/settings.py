"""What an imitated model server is told: on the command line, and through POST /admin/config."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

KINDS: Final = ("vllm", "sglang", "trtllm", "triton")
"""Whose metric names the engine uses."""
FAULTS: Final = (
    "none",
    "unavailable",
    "rate_limit",
    "server_error",
    "invalid_request",
    "stall",
    "hang",
    "cut",
)
"""Answers 503, 429, 500, 400; gives no head; stops after some tokens; resets after some tokens."""
LATENCIES: Final = ("batching", "constant")

# Of the metadata of a field.
HELP, CHOICES, CHANGEABLE = "help", "choices", "changeable"


def _option(
    default: Any, text: str, choices: Sequence[str] = (), *, changeable: bool = True
) -> Any:
    return field(default=default, metadata={HELP: text, CHOICES: choices, CHANGEABLE: changeable})


def _fixed(default: Any, text: str, choices: Sequence[str] = ()) -> Any:
    return _option(default, text, choices, changeable=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Names are those of vLLM and llm-d-inference-sim where they have the same meaning.

    The defaults of the timing are llm-d-inference-sim's profile of an 8B model on an H100.
    """

    name: str = _fixed("engine", "the x-inference-pod header of every answer")
    engine: str = _fixed("vllm", "whose metric names to use", KINDS)
    model: str = _fixed("base-model", "names of the served model, with commas between aliases")
    lora_modules: str = _fixed("", "LoRA adapters loaded from the start, with commas between")
    max_loras: int = _fixed(4, "adapters that may run at a time")
    startup_seconds: float = _fixed(0.0, "answers 503 for this long at first")
    seed: int = _fixed(0, "of the choice of requests that fail")
    max_model_len: int = _fixed(32_768, "most tokens of a prompt and its answer")
    max_num_seqs: int = _fixed(16, "requests that run at a time")
    max_num_batched_tokens: int = _fixed(2_048, "tokens of one step, prompts and answers")
    max_waiting_queue_length: int = _fixed(1_000, "requests that wait; more are answered 429")
    block_size: int = _fixed(16, "tokens of one block of the KV cache")
    num_gpu_blocks: int = _fixed(4_096, "blocks of the KV cache")
    prefix_caching: bool = _fixed(default=True, text="keep the blocks of ended requests")
    bytes_per_token: float = _fixed(4.0, "length of a token, of prompts and answers")
    prompt_tokens_details: bool = _fixed(default=True, text="tell cached tokens in usage")
    kv_events: int = _fixed(0, "port on which KV events are published by ZMQ; 0: none")
    kv_replay: int = _fixed(0, "port of the ZMQ socket that replays KV events; 0: none")

    latency: str = _option("batching", "how long answers take", LATENCIES)
    speed: float = _option(1.0, "engine seconds that pass in a second")
    prefill_overhead: float = _option(30.0, "ms of a step that begins a prompt, batching")
    prefill_time_per_token: float = _option(0.25, "ms of a prompt's token, batching")
    inter_token_latency: float = _option(12.0, "ms between two tokens of an answer")
    time_factor_under_load: float = _option(2.0, "how much longer a step of a full batch takes")
    time_to_first_token: float = _option(0.0, "ms until the first token, constant")
    output_tokens: int = _option(16, "length of an answer that nothing else bounds")
    fault: str = _option("none", "what goes wrong", FAULTS)
    fault_rate: float = _option(1.0, "share of requests, 0 to 1, that it happens to")
    fault_after: int = _option(3, "tokens before hang and cut")
    metrics_fault: str = _option("none", "what /metrics does", ("none", "hang", "garbage", "error"))
    health: str = _option("ok", "what /health does", ("ok", "failing", "hang"))
    die_after: int = _option(0, "requests after which the next one kills the process; 0: never")

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the base model."""
        return tuple(self.model.split(","))

    def seconds(self, milliseconds: float) -> float:
        """Real seconds of an engine's milliseconds."""
        return milliseconds / 1000 / self.speed


def changed(settings: Settings, update: Mapping[str, object]) -> Settings:
    """The settings after POST /admin/config; ValueError if `update` has what cannot be changed.

    Names may be spelled with hyphens, as llm-d-inference-sim spells them.
    """
    fields = {one.name: one for one in dataclasses.fields(settings)}
    values: dict[str, Any] = {}
    for key, value in update.items():
        name = key.replace("-", "_")
        if name not in fields or not fields[name].metadata[CHANGEABLE]:
            raise ValueError(f"{key} cannot be changed")
        values[name] = _checked(fields[name], value)
    return dataclasses.replace(settings, **values)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each setting."""
    for one in dataclasses.fields(Settings):
        flag = f"--{one.name.replace('_', '-')}"
        if isinstance(one.default, bool):
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=one.default, help=one.metadata[HELP])
            continue
        parser.add_argument(
            flag,
            type=_kind(one),
            default=one.default,
            choices=one.metadata[CHOICES] or None,
            help=f"{one.metadata[HELP]} (%(default)s)",
        )


def from_options(options: argparse.Namespace) -> Settings:
    """The settings of parsed options; ValueError for a negative number or a speed of zero."""
    fields = dataclasses.fields(Settings)
    return Settings(**{one.name: _checked(one, getattr(options, one.name)) for one in fields})


def _kind(one: "dataclasses.Field[Any]") -> type:
    return cast("type", type(one.default))


def _checked(one: "dataclasses.Field[Any]", value: object) -> Any:
    kind = _kind(one)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ValueError(f"{one.name} is {kind.__name__}")
    if isinstance(value, str) and one.metadata[CHOICES] and value not in one.metadata[CHOICES]:
        raise ValueError(f"{one.name} is one of {', '.join(one.metadata[CHOICES])}")
    if isinstance(value, (int, float)) and not 0 <= value < float("inf"):
        raise ValueError(f"{one.name} is not negative")
    if one.name in {"speed", "bytes_per_token", "block_size", "max_num_seqs"} and not value:
        raise ValueError(f"{one.name} is more than 0")
    return value
