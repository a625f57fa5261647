from tests.picker.plugins.case import candidate, scores


def test_tokens_in_flight_and_what_this_request_would_add_lower_the_score() -> None:
    servers = [
        candidate("idle, cold", prompt=1000),
        candidate("idle, warm", prompt=1000, cached=750),
        candidate("busy, warm", prompt=1000, cached=750, prefill_tokens=1750),
        candidate("over full", prompt=1000, prefill_tokens=9000),
    ]
    found = scores("token-load-scorer", servers, queue_threshold_tokens=4000)
    assert found == [0.75, 0.9375, 0.5, 0.0]


def test_the_default_threshold_is_128_requests_of_32_ki_tokens() -> None:
    full = candidate("a", prompt=0, prefill_tokens=128 * 32 * 1024)
    half = candidate("b", prompt=0, prefill_tokens=64 * 32 * 1024)
    assert scores("token-load-scorer", [full, half]) == [0.0, 0.5]
