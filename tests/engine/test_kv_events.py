import httpx
import zmq

from tests.engine.cache import Change
from tests.engine.kv_events import events_of
from tests.engine.tokens import Text
from tests.support.engines import engine
from tests.support.ports import free_ports
from tests.support.waiting import until

PATIENCE_MS = 5_000
END = (-1).to_bytes(8, "big", signed=True)


def test_blocks_that_follow_one_another_are_one_event_with_their_tokens() -> None:
    text, other = Text(b"a" * 48, 1.0, 1), Text(b"b" * 16, 1.0, 1)
    changes = [
        Change(11, None, 0, text),
        Change(12, 11, 1, text),
        Change(5),
        Change(6),
        Change(21, None, 0, other),
    ]
    stored, removed, last = events_of(changes, 16)
    assert stored == ["BlockStored", [11, 12], None, text.ids(0, 32), 16, None, "GPU", None]
    assert removed == ["BlockRemoved", [5, 6], "GPU"]
    assert last == ["BlockStored", [21], None, other.ids(0, 16), 16, None, "GPU", None]


def test_subscribers_hear_of_blocks_in_order_and_can_have_it_all_again() -> None:
    events, replay = free_ports(2)
    context = zmq.Context()
    subscriber, dealer = context.socket(zmq.SUB), context.socket(zmq.DEALER)
    body = {"model": "base-model", "prompt": "a" * 256, "max_tokens": 1}
    try:
        with engine(speed=100, kv_events=events, kv_replay=replay, name="e") as one:
            subscriber.setsockopt(zmq.SUBSCRIBE, b"kv@")
            subscriber.connect(f"tcp://127.0.0.1:{events}")

            def heard() -> bool:
                # Publishing to a subscription that is on its way reaches nobody, as with vLLM.
                httpx.post(f"{one.url}/reset_prefix_cache").raise_for_status()
                return bool(subscriber.poll(10))

            until(heard)
            httpx.post(f"{one.url}/v1/completions", json=body).raise_for_status()
            live: list[list[bytes]] = []
            while not live or b"BlockStored" not in live[-1][2]:
                assert subscriber.poll(PATIENCE_MS)
                live.append(subscriber.recv_multipart())
            dealer.connect(f"tcp://127.0.0.1:{replay}")
            dealer.send_multipart([b"", live[0][1]])
            again: list[list[bytes]] = []
            while not again or again[-1][1] != END:
                assert dealer.poll(PATIENCE_MS)
                again.append(dealer.recv_multipart())
    finally:
        context.destroy(linger=0)
    assert {topic for topic, _, _ in live} == {b"kv@e@base-model"}
    numbers = [int.from_bytes(number, "big") for _, number, _ in live]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [message[1:] for message in again[:-1]] == [message[1:] for message in live]
