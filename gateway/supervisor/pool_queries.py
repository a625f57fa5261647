"""What the processes of a gateway know of pools and picks, asked for when somebody asks us."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gateway.config.pool import Pool
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.picker.engines import find_engines
from gateway.supervisor.workers import Worker, WorkerFailedError, WorkerPool

AUDIT_ID: Final = re.compile(r"[0-9a-f]{32}")
ANSWER_SECONDS: Final = 2.0
NOTHING: Final[JsonObject] = {"version": 1, "pools": []}
"""What is told of no pools."""


class PoolQueries:
    """Asks `workers`: of pools the process that owns their queues, of a pick all of them. `pools`
    gives the configured pools that are in force."""

    def __init__(self, workers: WorkerPool, pools: Callable[[], Sequence[Pool]]) -> None:
        self._workers = workers
        self._pools = pools

    async def view(self) -> JsonObject:
        """The pools; none while their owner is gone or does not answer in time."""
        owner = self._workers.picker or self._workers.workers[0]
        view = await _asked(owner, {"type": "pool-view"}) or NOTHING
        configured = {pool.name: pool for pool in self._pools()}
        rows = view.get("pools")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and (pool := configured.get(str(row.get("name")))):
                row["engine"] = pool.engine
                row["scraped"] = is_scraped(pool)
        return view

    async def pick(self, audit_id: str) -> JsonObject | None:
        """What a worker picked for the request of this audit id; None if none has kept it."""
        if not AUDIT_ID.fullmatch(audit_id):
            return None
        question: JsonObject = {"type": "pick", "audit_id": audit_id}
        answers = await asyncio.gather(*(_asked(one, question) for one in self._workers.workers))
        return next((answer for answer in answers if answer), None)

    async def trace(self) -> JsonObject:
        """How the newest requests of all workers were served, as records of a trace."""
        question: JsonObject = {"type": "trace"}
        answers = await asyncio.gather(*(_asked(one, question) for one in self._workers.workers))
        return {"version": 1, "records": [each for one in answers for each in _records(one)]}


def _records(answer: JsonObject | None) -> Iterator[JsonValue]:
    found = answer.get("records") if answer else None
    yield from found if isinstance(found, list) else ()


def is_scraped(pool: Pool) -> bool:
    """Whether its model servers are asked how busy they are."""
    return pool.scrape.enabled and find_engines()[pool.engine].read is not None


async def _asked(worker: Worker, question: JsonObject) -> JsonObject | None:
    if not worker.serving:
        return None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await worker.ask(question)
    except (WorkerFailedError, TimeoutError):
        return None
