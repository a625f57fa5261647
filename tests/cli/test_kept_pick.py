"""Why a request that was served went where it went, for people to read."""

from typing import Any

from gateway.cli.kept_pick import served_text

KEPT: dict[str, Any] = {
    "audit_id": "0123456789abcdef0123456789abcdef",
    "model": "llama",
    "priority": 2,
    "pool": "chat",
    "profile": "default",
    "endpoint": "10.0.0.2:80",
    "expected_ms": 41.5,
    "cached_tokens": 1000,
    "prompt_tokens": 1200,
    "waited": 0.25,
    "degraded": False,
    "scores": [
        {"endpoint": "10.0.0.2:80", "parts": {"queue": 0.0, "prefill": 41.5}},
        {"endpoint": "10.0.0.1:80", "parts": {"queue": 10.0, "prefill": 130.5}},
    ],
    "served": None,
}


def test_a_pick_is_told_with_what_was_believed_and_every_cost() -> None:
    text = served_text(KEPT)
    assert "POOL chat by profile default: 10.0.0.2:80\n" in text
    assert "1000 of 1200 prompt tokens believed cached" in text
    assert "predicted after 41.5 ms" in text
    assert "waited 0.25 s" in text
    assert "the answer goes on" in text
    *_, best, other = [line.split() for line in text.splitlines()]
    assert best == ["10.0.0.2:80", "0.0", "41.5", "41.5", "41.5"]
    assert other == ["10.0.0.1:80", "10.0", "130.5", "140.5", "140.5"]


def test_what_came_is_told_beside_it() -> None:
    served: dict[str, Any] = {
        "endpoint": "10.0.0.2:80",
        "status": 200,
        "first_token_ms": 47.8,
        "cached_tokens": 1100,
        "prompt_tokens": 1210,
        "output_tokens": None,
    }
    kept: dict[str, Any] = {**KEPT, "served": served, "degraded": True}
    text = served_text(kept)
    assert "answered 200 by 10.0.0.2:80: first token after 47.8 ms" in text
    assert "1100 of 1210 prompt tokens reported cached, - tokens" in text
    assert "10.0.0.2:80, picked without the picker process" in text
