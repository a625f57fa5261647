from gateway.picker.engines.openai import ENGINE


def test_any_other_server_is_known_by_what_it_was_sent_alone() -> None:
    assert ENGINE.load(b"vllm:num_requests_waiting 9\n", 1.0) is None
