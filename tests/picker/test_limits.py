from gateway.picker.limits import Limits


def test_a_scrape_is_forgotten_long_before_a_request_is() -> None:
    limits = Limits()

    assert 0 < limits.stale < limits.ttl
    assert limits.max_runs <= limits.max_blocks
