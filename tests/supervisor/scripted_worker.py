"""A worker process for tests: speaks the supervisor's channel and does what a snapshot says.

"refuse": indexes of workers that refuse the snapshot; "mute": indexes that never answer;
"deaf": ignore SIGTERM from now on; "says": what answers have beside the usual.
"""

import json
import signal
import socket
import struct
import sys
from typing import Any

LENGTH = struct.Struct(">I")


def receive(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = channel.recv(size - len(data))
        if not piece:
            raise SystemExit(0)  # the supervisor is gone
        data += piece
    return data


def main() -> None:
    options = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
    channel = socket.socket(fileno=int(options["channel"]))
    index, serves = int(options["index"]), None
    says: dict[str, Any] = {}
    told: list[int] = []
    while True:
        (size,) = LENGTH.unpack(receive(channel, LENGTH.size))
        message: dict[str, Any] = json.loads(receive(channel, size))
        answer: dict[str, Any] = {"snapshot": serves, "listen": options["listen"], **says}
        if message["type"] == "pools" and "number" in message:
            told.append(message["number"])
        if message["type"] == "snapshot":
            if index in message.get("mute", ()):
                continue
            if index in message.get("refuse", ()):
                answer = {"problem": "no such key"}
            else:
                serves = message["number"]
                says = message.get("says", {}) | ({"knew": list(told)} if told else {})
            if message.get("deaf"):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
        data = json.dumps(answer).encode()
        channel.sendall(LENGTH.pack(len(data)) + data)


if __name__ == "__main__":
    main()
