"""Four workers pick as well as one: the same trace, cold, through the real Envoy, compared by
intervals over its segments. Random routing is what the comparison has to tell apart."""

import asyncio
import json
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Final

from tests.envoy.pool_stage import EVERYTHING, MODEL, Answer, Client, client, picker
from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import Gateway, gatehouse, policy

SEGMENTS: Final = 6
TURNS: Final = 3
ENGINES: Final = 4
WORDS: Final = ("route", "cache", "token", "queue", "prefix", "batch", "server", "answer")
DICE: Final = picker("randomly", profile={"picker": {"type": "random-picker"}})
RESAMPLES: Final = 2_000
CONFIDENCE: Final = 0.99

Message = dict[str, str]
Wave = list[list[Message]]
"""Requests that are asked at once."""


def text(random: Random, size: int) -> str:
    """Words of about so many bytes that nobody else has."""
    words = [f"{random.choice(WORDS)}{random.randrange(1_000_000)}" for _ in range(size // 12)]
    return " ".join(words)


def segment(random: Random) -> list[Wave]:
    """Conversations about a few documents, each turn of all of them at once."""
    talks: Wave = []
    for _ in range(random.randint(3, 4)):
        document = {"role": "system", "content": text(random, random.randint(3_000, 6_000))}
        talks += [[document] for _ in range(random.randint(3, 4))]
    random.shuffle(talks)
    waves: list[Wave] = []
    for turn in range(TURNS):
        for talk in talks:
            if turn:
                talk.append({"role": "assistant", "content": text(random, 600)})
            talk.append({"role": "user", "content": text(random, 1_200)})
        waves.append([list(talk) for talk in talks])
    return waves


def trace(name: str) -> Iterator[list[Wave]]:
    """The same conversations for every name, which no two names share a prefix of."""
    random = Random(20)
    for _ in range(SEGMENTS):
        yield [
            [[{"role": "system", "content": name}, *talk] for talk in wave]
            for wave in segment(random)
        ]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of each segment the share of prompt tokens that engines had cached, and what the busiest of
    them got as a multiple of the mean; `served` is of all."""

    hits: list[float]
    imbalance: list[float]
    served: Counter[str]


async def replay(one: Client, name: str, route: str = "models") -> Measured:
    """Asks the whole trace."""
    hits: list[float] = []
    imbalance: list[float] = []
    served = Counter[str]()
    for waves in trace(name):
        answers = [answer for wave in waves for answer in await ask(one, wave, route)]
        cached, prompt = (sum(of(answer) for answer in answers) for of in (cached_of, prompt_of))
        hits.append(cached / prompt)
        shares = Counter(answer.engine for answer in answers)
        imbalance.append(imbalance_of(shares))
        served += shares
    return Measured(hits, imbalance, served)


async def ask(one: Client, wave: Wave, route: str) -> list[Answer]:
    """What came, of which every answer has to be one."""
    body = {"model": MODEL, "max_tokens": 2}
    asked = [one.ask("chat/completions", {**body, "messages": talk}, route=route) for talk in wave]
    answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {200}
    return answers


def prompt_of(answer: Answer) -> int:
    return int(json.loads(answer.text)["usage"]["prompt_tokens"])


def cached_of(answer: Answer) -> int:
    return int(json.loads(answer.text)["usage"]["prompt_tokens_details"]["cached_tokens"])


def imbalance_of(shares: Mapping[str, int]) -> float:
    return max(shares.values()) * ENGINES / sum(shares.values())


def interval(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """The bootstrap interval of how much greater the mean of `other` is than that of `one`."""
    random = Random(1)

    def mean(of: Sequence[float]) -> float:
        return fmean(random.choices(of, k=len(of)))

    found = sorted(mean(other) - mean(one) for _ in range(RESAMPLES))
    left = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return found[left], found[-1 - left]


def lower(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `other` is less, with the interval clear of zero."""
    return interval(one, other)[1] < 0


def higher(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `other` is more, with the interval clear of zero."""
    return interval(one, other)[0] > 0


def piled(imbalance: Sequence[float]) -> list[float]:
    """As if the busiest engine had got half a share more."""
    return [one + 0.5 for one in imbalance]


@contextmanager
def gateway_of(folder: Path, pool: Sequence[ImitatedEngine], workers: int) -> Generator[Gateway]:
    """One with two routes: `models` by the default profile, `randomly` to the same engines."""
    described = {"endpoints": [one.address for one in pool], "models": [MODEL], "path": "/v1"}
    routes = [
        {"name": name, "path": f"/{name}/v1", "protocol": "openai", "backend": name}
        for name in ("models", "randomly")
    ]
    with gatehouse(
        folder,
        workers=workers,
        routes=routes,
        pools=[
            {**described, "name": "models"},
            {**described, "name": "randomly", "picker": "randomly"},
        ],
        policies=[EVERYTHING, policy("any", "randomly", {"name": "all", "effect": "allow"}), DICE],
    ) as gateway:
        yield gateway


async def compared(folder: Path) -> str:
    """What four workers do worse than one, "" for nothing."""
    with engines(ENGINES, speed=20, num_gpu_blocks=65_536, max_num_seqs=32) as pool:
        with gateway_of(folder / "one", pool, 1) as gateway:
            async with client(gateway) as asking:
                one = await replay(asking, "one")
        with gateway_of(folder / "four", pool, 4) as gateway:
            async with client(gateway) as asking:
                four = await replay(asking, "four")
                dice = await replay(asking, "dice", "randomly")
            records = gateway.wait_for_records(four.served.total() + dice.served.total())
    said = f"one {one}\nfour {four}\ndice {dice}"
    assert not any(record["pick"].get("degraded") for record in records)
    assert len(one.served) == len(four.served) == len(dice.served) == ENGINES
    assert lower(one.hits, dice.hits), said
    assert higher(one.imbalance, piled(one.imbalance)), said
    worse = lower(one.hits, four.hits) or higher(one.imbalance, four.imbalance)
    return said if worse else ""


async def test_four_workers_find_as_much_in_caches_and_spread_as_evenly_as_one(
    tmp_path: Path,
) -> None:
    """By chance one comparison in a hundred finds a difference that is none: it takes two."""
    first = await compared(tmp_path / "first")
    second = await compared(tmp_path / "second") if first else ""
    assert not second, f"{first}\n{second}"


def test_the_comparison_tells_a_difference_from_none() -> None:
    found = [0.7, 0.72, 0.74, 0.69, 0.71, 0.73]
    less, more = [one - 0.05 for one in found], [one + 0.05 for one in found]
    assert lower(found, less)
    assert higher(found, more)
    assert not any(check(found, found[::-1]) for check in (lower, higher))
    assert not lower(found, more)
    assert not higher(found, less)
