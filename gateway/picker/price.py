"""What a request costs on each endpoint, in seconds: the formula of the default profile. Pure.

The predicted time is the prefill work in front of the request, its own uncached tokens, the steps
that running answers slow down, the wait for memory, an adapter and the network, and how `late` an
endpoint in trouble is (`gateway.picker.trouble`). To it comes what placing the request there costs
other requests, all in the same milliseconds:

- `others`: by the first policy iteration for size-aware dispatching, with arrivals at rate l per
  endpoint and utilisation r, work x behind a backlog v delays later ones by
  l * x * (2v + x) / (2 (1 - r)) (Hyytia, Penttinen, Aalto: Size- and state-aware dispatching
  problem with queue-specific job sizes, EJOR 217, 2012);
- `crowding`: the share of the cache that it takes for as long as requests stay, with the price
  u / (1 - u) of a place in a system of utilisation u;
- `eviction`: what its blocks displace has to be computed again, as likely as prompts are cached;
- `delay`: who is there already waits for its prefill, those that answer and those in front of it,
  which will by then;
- `answer`: its answer and the running ones slow each other down, each step by its context;
- `slo`: seconds that it would miss its SLOs by count once more. They are no filter: when few
  endpoints keep to them, sending all requests there loses caches, and then none does.

It is written twice. `prices` computes the sum for all endpoints at once, because it is done for
each of them and each request; `Parts` says what one of these sums is made of, when asked.
"""

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.picker.fleet import Row

NAMES: Final = (
    *("queue", "prefill", "decode", "memory", "adapter", "network", "late"),
    *(
        "elsewhere",
        "transfer",
        "others",
        "crowding",
        "eviction",
        "answer",
        "delay",
        "slo",
        "session",
    ),
)
_PLACES: Final = {name: place for place, name in enumerate(NAMES)}


Spot: TypeAlias = tuple[Row, float, int, float]
"""An endpoint's row, pace (0: unknown), uncached tokens and pressure."""


@dataclass(slots=True)
class Moment:
    """What is the same for all endpoints that a request may go to.

    Of the rates `base`, `per_token` and `interference` are those of `Rates`, `usual` the pace of an
    endpoint of which nothing is known, `foreign` the tokens of a request that others sent. `size`
    are the tokens of prompt and answer. Weights: `pressure` of work for those who come after, times
    that of the endpoint (`gateway.picker.arrivals`), `growth` of each token of context in a batch,
    in seconds of all of an answer's steps; `stay` seconds that a request holds its memory, `lost`
    seconds for each block that is evicted. A block has `block_tokens`, and half an answer `half`
    tokens: the mean of what it holds while it grows.
    `session` is taken off where the session was. `elsewhere` and `transfer` are seconds of a
    prefill that another endpoint does, which leaves this one none if `relieved`. `delay` weighs
    each second that the prefill delays each request that is there already.
    """

    now: float
    base: float
    per_token: float
    interference: float
    usual: float
    foreign: float
    size: float
    pressure: float
    growth: float
    stay: float
    lost: float
    half: float
    block_tokens: float
    session: float
    elsewhere: float = 0.0
    transfer: float = 0.0
    relieved: bool = False
    delay: float = 0.0


def prices(
    rows: Sequence[Row],
    paces: Sequence[float],
    uncached: Sequence[int],
    pressures: Sequence[float],
    moment: Moment,
) -> tuple[list[float], list[float]]:
    """For each endpoint its cost, and the expected time to the first token, both in seconds and
    without what adapters and sessions make of them. `paces` are 0 where unknown, `uncached` the
    tokens that it would prefill, `pressures` those of `gateway.picker.arrivals`."""
    now, base, per_token = moment.now, moment.base, moment.per_token
    interference, usual, foreign = moment.interference, moment.usual, moment.foreign
    size, pressure, growth = moment.size, moment.pressure, moment.growth
    stay, lost = moment.stay, moment.lost
    half, block_tokens, delay = moment.half, moment.block_tokens, moment.delay
    share = 0.0 if moment.relieved else 1.0
    fixed = moment.elsewhere + moment.transfer
    costs: list[float] = []
    firsts: list[float] = []
    spots = zip(rows, paces, uncached, pressures, strict=True)
    for (network, room, excess, busy, late), known, tokens, own in spots:
        pace = known or usual
        new = (tokens + half) / block_tokens
        if busy is None:
            each = pace * per_token
            work = share * tokens * each
            first = pace * base + work + network + late + fixed
            if new > room:
                first += (new - room) / new * stay
            cost = first + pressure * own * work * work
        else:
            context, answering, requests, held, scarcity, queue = busy
            each = pace * (per_token + interference * answering)
            work = share * tokens * each
            front = 0.0
            if queue is not None:
                queued, head, since, waiting = queue
                front = (queued + waiting * foreign) * each
                if head and now > since:
                    elapsed, done = now - since, head * each
                    front -= elapsed if elapsed < done else done  # noqa: FURB136  a call is slower
            first = pace * base + front + work + network + late + fixed
            if new > room:
                first += (new - room) / (held + new) * stay
            cost = (
                first
                + pressure * own * work * (2 * front + work)
                + new * scarcity * stay
                + growth * pace * (context + requests * size)
                + delay * requests * work
            )
        over = excess + new
        if over > 0:
            lesser = over if over < new else new  # noqa: FURB136  a call is slower
            cost += lesser * lost * pace
        firsts.append(first)
        costs.append(cost)
    return costs, firsts


class Parts(Mapping[str, float]):
    """The parts of one endpoint's cost, in milliseconds; `session` is taken off. They are computed
    when they are asked for, from numbers that do not change."""

    __slots__ = (
        *("_adapter", "_here", "_moment", "_pace", "_pressure"),
        *("_row", "_slo", "_uncached", "_values"),
    )

    def __init__(
        self,
        moment: Moment,
        spot: Spot,
        adapter: float = 0.0,
        slo: float = 0.0,
        *,
        here: bool = False,
    ) -> None:
        """`adapter` and `slo` are in seconds; `here`: the session was at this endpoint."""
        self._moment = moment
        self._row, pace, self._uncached, self._pressure = spot
        self._pace = pace or moment.usual
        self._adapter = adapter
        self._slo = slo
        self._here = here
        self._values: tuple[float, ...] = ()

    def __getitem__(self, name: str) -> float:
        place = _PLACES[name]
        if not self._values:
            self._values = self._compute()
        return self._values[place] * 1000

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def values(self) -> ValuesView[float]:
        """All, in the order of `NAMES`."""
        if not self._values:
            self._values = self._compute()
        return dict(zip(NAMES, [value * 1000 for value in self._values], strict=True)).values()

    def _compute(self) -> tuple[float, ...]:
        moment, row, pace = self._moment, self._row, self._pace
        per_token = moment.per_token * pace
        slowed, front, done, answer, requests = 0.0, 0.0, 0.0, 0.0, 0
        if busy := row.busy:
            slowed = moment.interference * busy.answering_tokens * pace
            requests = busy.requests
            answer = busy.context_tokens + requests * moment.size
            if queue := busy.queue:
                front = queue.tokens + queue.foreign * moment.foreign
                elapsed = max(moment.now - queue.since, 0.0) if queue.head else 0.0
                done = min(elapsed / (per_token + slowed), queue.head)
        front -= done
        own = 0 if moment.relieved else self._uncached
        work = own * (per_token + slowed)
        memory, crowding, evicted = self._space()
        return (
            *(front * per_token, moment.base * pace + own * per_token, (front + own) * slowed),
            *(memory, self._adapter, row.network, row.late, moment.elsewhere, moment.transfer),
            moment.pressure * self._pressure * work * (2 * front * (per_token + slowed) + work),
            *(crowding, evicted * moment.lost * pace, moment.growth * pace * answer),
            moment.delay * requests * work,
            self._slo,
            moment.session * pace if self._here else 0.0,
        )

    def _space(self) -> tuple[float, float, float]:
        """Seconds of waiting for memory, seconds that it makes scarce for others, and blocks that
        it evicts."""
        row, moment = self._row, self._moment
        new = (self._uncached + moment.half) / moment.block_tokens
        held, scarcity = (row.busy.held, row.busy.scarcity) if row.busy else (0.0, 0.0)
        wait = (new - row.room) / (held + new) * moment.stay if new > row.room else 0.0
        return wait, new * scarcity * moment.stay, min(max(row.excess + new, 0.0), new)
