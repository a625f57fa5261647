"""Tasks of agents are judged alike, streamed and not, over JSON-RPC and REST, by the detectors that
are shipped."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.passage import Part, Stage
from gateway.protocols.a2a.screening import screened_reader_of
from gateway.protocols.base import ResponseReader
from tests.support.conversations import CUTS, PIECES, SEEDS, SHORT_TEXTS, shuffled
from tests.support.judged_alike import (
    HELD_MOST,
    SETS,
    check_alike,
    check_masked,
    held_back,
    screens,
)
from tests.support.screened import documents, encode, event, fed, reading

LIMIT = 1_000_000
KNOWN = {"taskId": "t", "contextId": "c"}


class Rpc:
    """JSON-RPC, version 0.3."""

    text: ClassVar[dict[str, str]] = {"kind": "text"}
    done = "completed"

    @staticmethod
    def task(task: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": 1, "result": {"kind": "task", **task}}

    @staticmethod
    def update(kind: str, update: dict[str, Any]) -> dict[str, Any]:
        final = {"final": True} if kind == "status" else {}
        return {"jsonrpc": "2.0", "id": 1, "result": {"kind": f"{kind}-update", **update, **final}}

    @staticmethod
    def told(value: dict[str, Any]) -> dict[str, Any]:
        return value["result"]


class Rest:
    """REST, version 1.0."""

    text: ClassVar[dict[str, str]] = {}
    done = "TASK_STATE_COMPLETED"

    @staticmethod
    def task(task: dict[str, Any]) -> dict[str, Any]:
        return {"task": task}

    @staticmethod
    def update(kind: str, update: dict[str, Any]) -> dict[str, Any]:
        return {f"{kind}Update": update}

    @staticmethod
    def told(value: dict[str, Any]) -> dict[str, Any]:
        (only,) = value.values()
        return only


Binding = type[Rpc] | type[Rest]


def parts(binding: Binding, pieces: list[str]) -> list[dict[str, Any]]:
    return [{**binding.text, "text": piece} for piece in pieces]


def status(binding: Binding, text: str) -> dict[str, Any]:
    message = {"messageId": "m", "role": "agent", "parts": parts(binding, [text])}
    return {"status": {"state": binding.done, "message": message}}


def task(binding: Binding, artifacts: list[list[str]], text: str) -> bytes:
    made = [
        {"artifactId": f"a-{n}", "name": "answer", "parts": parts(binding, pieces)}
        for n, pieces in enumerate(artifacts)
    ]
    return encode(binding.task({"id": "t", **status(binding, text), "artifacts": made}))


def stream(
    binding: Binding, artifacts: list[list[str]], text: str, seed: int, several: int, last: bool
) -> bytes:
    """An update for every `several` pieces; with `last` the final ones say so."""
    queues: list[list[dict[str, Any]]] = []
    for n, pieces in enumerate(artifacts):
        groups = [pieces[at : at + several] for at in range(0, len(pieces), several)]
        queues.append(
            [
                {
                    **KNOWN,
                    "artifact": {
                        "artifactId": f"a-{n}",
                        "name": "answer",
                        "parts": parts(binding, group),
                    },
                    "append": at > 0,
                    "lastChunk": last and at == len(groups) - 1,
                }
                for at, group in enumerate(groups)
            ]
        )
    updates = [event(binding.update("artifact", one)) for one in shuffled(seed, queues)]
    end = event(binding.update("status", {**KNOWN, **status(binding, text)}))
    return b"".join((*updates, end))


def reader(kind: str, screen: Screen) -> ResponseReader:
    made = screened_reader_of(kind, reading(screen, limit=LIMIT), screen, None)
    assert made is not None
    return made


def shown(binding: Binding, out: bytes, ident: str) -> str:
    """The text of an artifact that a client puts together."""
    text = ""
    for one in map(binding.told, documents(out)):
        artifact = one.get("artifact", {})
        if artifact.get("artifactId") == ident:
            text = text if one.get("append") else ""
            text += "".join(part["text"] for part in artifact["parts"])
    return text


@pytest.mark.parametrize("binding", [Rpc, Rest], ids=["JSON-RPC", "REST"])
@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=6, deadline=None)
@given(
    artifacts=st.lists(PIECES, min_size=1, max_size=3),
    text=SHORT_TEXTS,
    seed=SEEDS,
    several=st.integers(1, 3),
    last=st.booleans(),
    cuts=CUTS,
)
def test_a_stream_is_judged_as_the_whole_task_is(
    names: tuple[str, ...],
    binding: Binding,
    artifacts: list[list[str]],
    text: str,
    seed: int,
    several: int,
    last: bool,
    cuts: list[int],
) -> None:
    once, streamed = screens(names)
    answer = fed(reader("application/json", once), task(binding, artifacts, text))
    body = stream(binding, artifacts, text, seed, several, last)
    out = fed(reader("text/event-stream", streamed), body, cuts)
    check_alike(once, streamed, texts=1 + len(artifacts))
    if once.blocked is not None:
        assert json.loads(answer)["error"]["message"] == once.blocked
        assert documents(out)[-1]["error"]["message"] == streamed.blocked
        return
    told = binding.told(json.loads(answer))
    end = binding.told(documents(out)[-1])
    assert end["status"]["message"]["parts"] == told["status"]["message"]["parts"]
    hold = held_back(names, Stage.A2A_ARTIFACT, Part.ASSISTANT)
    for n, (pieces, artifact) in enumerate(zip(artifacts, told["artifacts"], strict=True)):
        channel = f"artifacts/a-{n}/parts"
        whole = "".join(part["text"] for part in artifact["parts"])
        check_masked("".join(pieces), once, channel, shown(binding, out, f"a-{n}"), hold)
        check_masked("".join(pieces), once, channel, whole, HELD_MOST)
