"""Conversations whose turns add to one another: clients wait for an answer, think, ask on.

Also open-loop conversations with the statistics that Mooncake published for its conversation
trace: 12,035 tokens in and 343 out on average, 40 % of the input cached at best.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from gateway.simulation.hardware import LLAMA_8B, Server
from gateway.simulation.prompt import BLOCK, Prompt, mixed, prompt_of
from gateway.simulation.request import Request
from gateway.simulation.workload import Workload


@dataclass(frozen=True, slots=True)
class Talk:
    """How conversations go: `shared` tokens that all begin with, then drawn from a random source
    the own tokens of the first prompt, the tokens that a turn adds, those of its answer, seconds
    until the next turn, and the number of turns. `limit` is the most tokens of a prompt."""

    shared: int
    first: Callable[[Random], float]
    added: Callable[[Random], float]
    answer: Callable[[Random], float]
    pause: Callable[[Random], float]
    turns: Callable[[Random], float]
    limit: int = 120_000


class Conversation:
    """One conversation. Everything about it is drawn from its own source, in order, so that it
    is the same whatever the answers' times are."""

    def __init__(self, talk: Talk, identity: int, numbers: "Numbers") -> None:
        self.random = Random(identity)
        self.talk = talk
        self.identity = identity
        self.numbers = numbers
        self.left = max(round(talk.turns(self.random)), 1)
        segments = [(1, talk.shared), (mixed(identity, 0), blocks(talk.first(self.random)))]
        self.prompt: Prompt = prompt_of(segments)
        self.turn = 0

    def request(self, at: float) -> Request:
        """The next turn, asked at `at` seconds."""
        self.left -= 1
        self.turn += 1
        said = mixed(self.identity, 2 * self.turn)
        output = blocks(self.talk.answer(self.random))
        prompt = self.prompt
        answered = prompt.then([(said, output)])
        self.prompt = answered.then(
            [(mixed(self.identity, 2 * self.turn + 1), blocks(self.talk.added(self.random)))]
        )
        pause = self.talk.pause(self.random)
        going_on = self.left > 0 and self.prompt.tokens <= self.talk.limit
        return Request(
            self.numbers.next(),
            at,
            prompt,
            output,
            answered.runs[-1].key,
            str(self.identity),
            following=partial(self._after, pause) if going_on else None,
        )

    def _after(self, pause: float, now: float) -> Request:
        return self.request(now + pause)


class Numbers:
    """Counts requests. Which turn gets which number depends on how fast answers come."""

    def __init__(self) -> None:
        self._next = 0

    def next(self) -> int:
        """The next number."""
        self._next += 1
        return self._next - 1


def blocks(tokens: float) -> int:
    """`tokens` rounded to whole blocks, at least one."""
    return max(round(tokens / BLOCK), 1) * BLOCK


def closed(
    talk: Talk, seed: int, clients: int, servers: Sequence[Server], ramp: float = 30.0
) -> Workload:
    """`clients` conversations that begin within `ramp` seconds, each going on at its own pace."""
    random, numbers = Random(seed), Numbers()
    begun = sorted(random.uniform(0, ramp) for _ in range(clients))
    stage = [
        Conversation(talk, mixed(seed, client + 1), numbers).request(at)
        for client, at in enumerate(begun)
    ]
    return Workload(servers, [stage])


def opened(
    talk: Talk, seed: int, rate: float, seconds: float, servers: Sequence[Server]
) -> Workload:
    """Conversations that begin at `rate` per second; turns come at times of their own, whether
    the one before is answered or not, as in a recorded trace."""
    random, numbers = Random(seed), Numbers()
    found: list[Request] = []
    at = random.expovariate(rate)
    while at < seconds:
        talking = Conversation(talk, mixed(seed, len(found) + 1), numbers)
        request: Request | None = talking.request(at)
        while request is not None and request.at < seconds:
            found.append(request)
            follow = request.following
            request.following = None
            request = follow(request.at) if follow else None
        at += random.expovariate(rate)
    found.sort(key=lambda each: each.at)
    for number, request in enumerate(found):
        request.number = number
    return Workload(servers, [found], [len(found) / seconds], 2.0, 0.1)


MOONCAKE: Final = Talk(
    shared=512,
    first=lambda random: min(random.lognormvariate(8.75, 0.9), 100_000),
    added=lambda random: random.lognormvariate(6.8, 1.0),
    answer=lambda random: random.lognormvariate(5.4, 0.95),
    pause=lambda random: random.expovariate(1 / 60),
    turns=lambda random: random.expovariate(1 / 1.4) + 0.5,
)
"""Gives 12,000 tokens in, 340 out, and 40 % of the input in the prompt before; see its test."""

CODING: Final = Talk(
    shared=8352,
    first=lambda random: min(max(random.gauss(14000, 15000), 5000), 45000),
    added=lambda random: random.lognormvariate(7.0, 0.9),
    answer=lambda random: random.expovariate(1 / 585),
    pause=lambda random: random.expovariate(1 / 2),
    turns=lambda random: random.gauss(38, 6),
)
"""inference-perf's conversation_replay of a coding agent: 8,359 shared, 14,000 +- 15,000 within
5,000 and 45,000 own, 38 +- 6 turns, a mean of 1,652 tokens more each, 585 out; tools take 2 s."""

AGENT: Final = Talk(
    shared=16_000,
    first=lambda random: min(random.lognormvariate(11.9, 0.35), 300_000),
    added=lambda random: random.lognormvariate(6.45, 1.2),
    answer=lambda random: random.lognormvariate(5.76, 0.7),
    pause=lambda random: min(random.lognormvariate(0.69, 1.94), 684),
    turns=lambda random: random.gauss(8, 2),
    limit=400_000,
)
"""Claude Code traces of the GLM-5.2 blog: median 195,000 in and 317 out, growth 632 at the median,
a gap of 2 s at the median, 24 s at p90 and 11.4 min at p99."""

REASONING: Final = Talk(
    shared=240,
    first=lambda _: 1008,
    added=lambda _: 16,
    answer=lambda _: 8000,
    pause=lambda _: 0.0,
    turns=lambda _: 1,
)
"""llm-d's reasoning workload: 250 + 1,000 in, 8,000 out."""


def mooncake_like(seed: int, rate: float) -> Workload:
    """Open-loop conversations, `rate` of them beginning per second."""
    return opened(MOONCAKE, seed, rate, 300.0, [Server()] * 8)


def coding(seed: int, clients: int) -> Workload:
    """Context-heavy coding sessions over eight Qwen3-32B on two H100."""
    return closed(CODING, seed, clients, [Server()] * 8)


def agents(seed: int, clients: int) -> Workload:
    """Agents with very long contexts over eight 8B models on two H100 each, whose caches hold
    five such contexts: the published model's shape is not public enough to simulate."""
    made = closed(AGENT, seed, clients, [Server(LLAMA_8B, gpus=2)] * 8, ramp=120.0)
    made.ttft_slo = 5.0
    return made


def reasoning(seed: int, clients: int) -> Workload:
    """`clients` questions at once with very long answers, over ten Qwen3-32B on two H100. Clients
    wait for them for half an hour."""
    made = closed(REASONING, seed, clients, [Server()] * 10, ramp=60.0)
    made.timeout = 1800.0
    return made
