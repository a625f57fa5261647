"""How long one step of a model server takes, from what its GPUs and its model are.

A roofline with the fixed costs that BLIS (inference-sim) fitted to vLLM: the matrix products of a
step read the weights once or compute for every token of the batch, whichever is slower; the
attention of decodes reads their keys and values; the attention of a prefill computes; and every
layer, request and step has its overhead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

LAYER_OVERHEAD: Final = 32e-6
REQUEST_OVERHEAD: Final = 4.4e-6
STEP_OVERHEAD: Final = 126e-6
MOE_OVERHEAD: Final = 482e-6
"""Seconds, as BLIS has them."""

ADMISSION: Final = 15563e-6
COMPLETION: Final = 777e-6
STREAMING: Final = 46e-6
"""BLIS's alphas in seconds: before a request is queued, after its last token, and per token."""

MATRIX_EFFICIENCY: Final = 0.62
MEMORY_EFFICIENCY: Final = 0.9
"""The parts of a data sheet's peaks that serving reaches. Both are fitted: the first so
that the prefill rate of Qwen3-32B on two H100 lies between the two that llm-d published, the second
after a look at llm-d's ladder (0.8 gave 1.45 times round robin's peak with one seed, 0.9 1.81;
2.12 is published). So the ladder does not confirm the model independently."""

FAST_LINK: Final = 50e9
SLOW_LINK: Final = 1.25e9
"""Bytes per second between two servers: InfiniBand of 400 Gbit/s, Ethernet of 10."""

TRANSFER_OVERHEAD: Final = 5e-3
"""Seconds that a transfer of keys and values takes besides its bytes: the hand-over of the request
and the first message. An assumption."""

Role: TypeAlias = Literal["both", "prefill", "decode"]

CACHE_SHARE: Final = 0.9
ACTIVATIONS: Final = 3e9
"""vLLM's gpu_memory_utilization, and the bytes per GPU that its profiling run keeps back."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """Peaks of a data sheet: 16-bit FLOP/s, bytes/s and bytes."""

    name: str
    flops: float
    bandwidth: float
    memory: float


@dataclass(frozen=True, slots=True)
class Model:
    """What of a model costs time. `parameters` are all, `active` those that one token uses;
    `heads` and `kv_heads` have `head_size` numbers each; weights take `weight_bytes` each."""

    name: str
    parameters: float
    active: float
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    weight_bytes: float = 2.0
    moe_layers: int = 0

    @property
    def kv_bytes(self) -> float:
        """Bytes of keys and values of one token, 16-bit."""
        return 2.0 * 2.0 * self.layers * self.kv_heads * self.head_size

    @property
    def attention_flops(self) -> float:
        """FLOP of one token's attention to one token of context."""
        return 4.0 * self.layers * self.heads * self.head_size


H100: Final = Gpu("H100", 989.5e12, 3.35e12, 85.5e9)
QWEN3_32B: Final = Model("Qwen3-32B", 32.8e9, 31.2e9, 64, 64, 8, 128)
LLAMA_8B: Final = Model("Llama-3.1-8B", 8.03e9, 7.5e9, 32, 32, 8, 128)


@dataclass(frozen=True, slots=True)
class Server:
    """One model server: `gpus` of a kind (tensor parallel), slowed by `slow` (1: not at all), with
    vLLM's `batched_tokens` and `sequences` for an H100 (max_num_batched_tokens, max_num_seqs).
    `role` says what it does where prefill and decode are apart, `link` how many bytes per second it
    sends to another server. `cache_tokens` is what its cache keeps (None: what fits beside the
    weights).

    Three numbers are free, to be fitted to what was measured: `prefill` multiplies the time that
    computing takes, `decode` that of everything else in a step (weights and keys and values that
    are read, fixed costs), and `admission` are the seconds before a request is queued."""

    model: Model = QWEN3_32B
    gpu: Gpu = H100
    gpus: int = 2
    slow: float = 1.0
    batched_tokens: int = 8192
    sequences: int = 1024
    block: int = 16
    role: Role = "both"
    link: float = FAST_LINK
    prefill: float = 1.0
    decode: float = 1.0
    admission: float = ADMISSION
    cache_tokens: int | None = None

    @property
    def blocks(self) -> int:
        """How many blocks of keys and values fit (num_gpu_blocks)."""
        if self.cache_tokens is not None:
            return self.cache_tokens // self.block
        room = self.gpu.memory * CACHE_SHARE - ACTIVATIONS
        room = room * self.gpus - self.model.parameters * self.model.weight_bytes
        return int(room / self.model.kv_bytes / self.block)

    def transfer(self, tokens: int) -> float:
        """Seconds that sending the keys and values of `tokens` takes."""
        return TRANSFER_OVERHEAD + tokens * self.model.kv_bytes / self.link


SERVERS: Final[Mapping[str, Server]] = {
    "qwen3-32b-2xh100": Server(),
    "llama-8b-1xh100": Server(LLAMA_8B, gpus=1),
    "llama-8b-2xh100": Server(LLAMA_8B, gpus=2),
}
"""By the names of `gatehouse simulate --hardware`; the first is the default."""


class StepTime:
    """The step-time model of one server. All results are seconds."""

    __slots__ = ("attention", "fixed", "kv", "per_request", "per_token", "weights")

    def __init__(self, server: Server) -> None:
        model, gpu, slow = server.model, server.gpu, server.slow
        flops = gpu.flops * server.gpus * MATRIX_EFFICIENCY / slow / server.prefill
        bandwidth = gpu.bandwidth * server.gpus * MEMORY_EFFICIENCY / slow / server.decode
        self.per_token = 2.0 * model.active / flops
        self.attention = model.attention_flops / flops
        self.weights = model.parameters * model.weight_bytes / bandwidth
        self.kv = model.kv_bytes / bandwidth
        self.per_request = REQUEST_OVERHEAD * server.decode
        fixed = STEP_OVERHEAD + LAYER_OVERHEAD * model.layers + MOE_OVERHEAD * model.moe_layers
        self.fixed = fixed * server.decode

    def step(
        self, prefill: int, pairs: float, prefilling: int, decoding: int, context: int
    ) -> float:
        """A step that prefills `prefill` tokens of `prefilling` requests, with `pairs` pairs of a
        token and one before it, and decodes one token of `decoding` requests that have `context`
        tokens behind them together."""
        products = (prefill + decoding) * self.per_token
        return (
            (products if products > self.weights else self.weights)  # noqa: FURB136 a third faster
            + pairs * self.attention
            + context * self.kv
            + self.fixed
            + (prefilling + decoding) * self.per_request
        )

    def decode(self, steps: int, decoding: int, context: int) -> float:
        """`steps` steps that only decode, the first with `context` tokens behind the requests."""
        one = self.step(0, 0.0, 0, decoding, context)
        return steps * one + self.kv * decoding * (steps * (steps - 1) / 2)

    def decodes_until(self, time: float, decoding: int, context: int) -> int:
        """The fewest such steps that take `time` seconds or more, at least one."""
        one = self.step(0, 0.0, 0, decoding, context)
        growth = self.kv * decoding
        linear = one - growth / 2
        steps = max(int((-linear + (linear * linear + 2 * growth * time) ** 0.5) / growth), 1)
        while self.decode(steps, decoding, context) < time:
            steps += 1
        return steps

    def prefill(self, tokens: int, behind: int) -> float:
        """Seconds that `tokens` of a prompt with `behind` tokens before them add to full steps."""
        return tokens * self.per_token + tokens * (behind + tokens / 2) * self.attention
