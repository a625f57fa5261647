"""The upstream whose answers have the length that is asked for."""

import json

from benchmarks.guardrails.answering import event_count, events, whole


def test_an_answer_has_its_length() -> None:
    assert len(json.loads(whole(700))["choices"][0]["message"]["content"]) == 700


def test_a_stream_says_what_the_whole_says_and_ends_the_body() -> None:
    chunks = events(700, 40)
    assert len(chunks) == event_count(700, 40)
    body = b"".join(chunk.split(b"\r\n", 1)[1].removesuffix(b"\r\n") for chunk in chunks[:-1])
    said = ""
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            delta = json.loads(line.removeprefix("data: "))["choices"][0]["delta"]
            said += delta.get("content", "")
    assert said == json.loads(whole(700))["choices"][0]["message"]["content"]
    assert chunks[-1].endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
