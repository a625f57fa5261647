"""Clients that call a gateway without a pause while something changes, and keep what came back.

    with traffic({"reads": lambda client: call(client, url, "echo")}) as flow:
        ...change something...
        assert flow.since(moment) == {("reads", "ok")}

An exception of the client is an outcome as well: its type, such as "ReadError".
"""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

Call: TypeAlias = Callable[[httpx.Client], httpx.Response]
CLIENTS = 2
SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """One call: its name, when it began and ended (time.monotonic), and what came back: "ok", the
    code of a JSON-RPC error, or the name of an exception."""

    name: str
    began: float
    ended: float
    result: str


@dataclass
class Traffic:
    """What came back so far. Calls of one client follow one another."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    def since(self, moment: float) -> set[tuple[str, str]]:
        """The different (name, result) of calls that began after `moment`; waits until every name
        has ended one."""
        names = {one.name for one in self.outcomes}
        deadline = time.monotonic() + SECONDS
        while True:
            found = [one for one in list(self.outcomes) if one.began > moment]
            if {one.name for one in found} >= names:
                return {(one.name, one.result) for one in found}
            assert time.monotonic() < deadline, f"only {found} since"
            time.sleep(0.01)

    def results(self) -> set[tuple[str, str]]:
        """The different (name, result) of all calls."""
        return {(one.name, one.result) for one in list(self.outcomes)}

    def forget(self) -> None:
        """Starts the list anew, at the end of the calls that are on their way."""
        self.outcomes.clear()


@contextmanager
def traffic(calls: Mapping[str, Call], clients: int = CLIENTS) -> Generator[Traffic]:
    """`clients` clients for each of `calls`, for the length of the block."""
    flow, stop = Traffic(), threading.Event()
    threads = [
        threading.Thread(target=_loop, args=(name, call, flow, stop))
        for name, call in calls.items()
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        _wait_for_all(flow, set(calls))
        yield flow
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _wait_for_all(flow: Traffic, names: set[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while {one.name for one in list(flow.outcomes)} < names:
        assert time.monotonic() < deadline, flow.outcomes
        time.sleep(0.01)


def _loop(name: str, call: Call, flow: Traffic, stop: threading.Event) -> None:
    with httpx.Client(trust_env=False, timeout=SECONDS) as client:
        while not stop.is_set():
            began = time.monotonic()
            try:
                result = result_of(call(client))
            except httpx.HTTPError as error:
                result = type(error).__name__
            flow.outcomes.append(Outcome(name, began, time.monotonic(), result))


def result_of(answer: httpx.Response) -> str:
    """ "ok", the code of a JSON-RPC error, or the HTTP status of anything else."""
    try:
        message: Any = answer.json()
    except ValueError:
        return str(answer.status_code)
    try:
        return "ok" if "result" in message else str(message["error"]["code"])
    except (KeyError, TypeError):
        return "no answer"
