import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator

import pytest

from gateway.adapters.channel import MAX_MESSAGE, Channel, ChannelClosedError
from gateway.model.jsonvalue import JsonObject

LENGTH = struct.Struct(">I")


@pytest.fixture
async def ends() -> AsyncGenerator[tuple[Channel, Channel]]:
    ours, theirs = socket.socketpair()
    channels = await Channel.over(ours), await Channel.over(theirs)
    yield channels
    for channel in channels:
        channel.close()


@pytest.fixture
async def raw() -> AsyncGenerator[tuple[socket.socket, Channel]]:
    """The bare socket at one end, a channel at the other."""
    ours, theirs = socket.socketpair()
    channel = await Channel.over(theirs)
    yield ours, channel
    channel.close()
    ours.close()


async def test_messages_come_whole_and_in_order_both_ways(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    messages: list[JsonObject] = [{"n": number, "text": "é\n"} for number in range(20)]
    for message in messages:
        await ours.send(message)
    assert [await theirs.receive() for _ in messages] == messages
    await theirs.send({})
    assert await ours.receive() == {}


async def test_a_message_larger_than_every_buffer_comes_whole(
    ends: tuple[Channel, Channel],
) -> None:
    ours, theirs = ends
    message: JsonObject = {"policies": "x" * (8 << 20)}
    sending = asyncio.ensure_future(ours.send(message))
    assert await theirs.receive() == message
    await sending


async def test_a_message_that_comes_byte_by_byte_is_whole(
    raw: tuple[socket.socket, Channel],
) -> None:
    sender, channel = raw
    receiving = asyncio.ensure_future(channel.receive())
    data = json.dumps({"a": [1]}).encode()
    for byte in LENGTH.pack(len(data)) + data:
        assert not receiving.done()
        sender.send(bytes([byte]))
        await asyncio.sleep(0)
    assert await receiving == {"a": [1]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        LENGTH.pack(5) + b"{}",
        LENGTH.pack(2) + b"{]",
        LENGTH.pack(2) + b"\xff\xff",
        LENGTH.pack(2) + b"[]",
        LENGTH.pack(20_000) + b"[" * 20_000,
        LENGTH.pack(MAX_MESSAGE + 1),
    ],
    ids=["end", "cut length", "cut", "no JSON", "no UTF-8", "no object", "deep", "too long"],
)
async def test_a_broken_frame_closes_the_channel(
    raw: tuple[socket.socket, Channel], data: bytes
) -> None:
    sender, channel = raw
    sender.sendall(data)
    sender.shutdown(socket.SHUT_WR)
    with pytest.raises(ChannelClosedError):
        await channel.receive()


async def test_the_other_end_sees_a_close(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    ours.close()
    with pytest.raises(ChannelClosedError):
        await theirs.receive()


async def test_sending_to_an_end_that_is_gone_fails(raw: tuple[socket.socket, Channel]) -> None:
    other, channel = raw
    other.close()
    with pytest.raises(ChannelClosedError):
        await send_until_it_fails(channel)


async def send_until_it_fails(channel: Channel) -> None:
    for _ in range(10):
        await channel.send({"x": "y" * 1_000_000})


async def test_a_message_that_the_other_end_would_not_take_is_not_sent(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.channel.MAX_MESSAGE", 20)
    ours, theirs = ends
    with pytest.raises(ValueError, match="at most 20"):
        await ours.send({"secret": "x" * 20})
    await ours.send({"n": 1})
    assert await theirs.receive() == {"n": 1}
