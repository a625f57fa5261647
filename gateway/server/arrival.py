"""What is kept of a request beside its pick, so that its traffic can be traced: no text of it.

The hashes of a prompt's blocks leave the process enciphered. Who has them cannot try out which
prompt they are of, but equal prompts have equal ones.
"""

from array import array
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gateway.model.demand import Demand

BLOCKS: Final = 1024
"""Hashes that are kept, from the beginning of a prompt: a megabyte of it, or 260,000 tokens."""

HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request came at `at` (seconds since 1970, UTC) to a pool with so many healthy `endpoints`.

    `hashes` are those of the prompt's blocks, 8 bytes each, as the picker has them: for this
    process alone. `prompt_bytes` and `block_bytes` are as in `Demand`.
    """

    at: float
    endpoints: int
    hashes: bytes
    prompt_bytes: int
    block_bytes: int


def arrival_of(demand: Demand, at: float, endpoints: int) -> Arrival:
    """What is kept of `demand`."""
    return Arrival(
        at,
        endpoints,
        array("Q", demand.chain[:BLOCKS]).tobytes(),
        demand.prompt_bytes,
        demand.block_bytes,
    )


def enciphered(hashes: bytes, key: bytes) -> str:
    """Hashes of 8 bytes each, under a key of 32 bytes, as hexadecimal of the same length.

    Each is a block of AES on its own, padded with zeros, of which half is given: equal hashes must
    come out equal, so the mode that is wrong for text is the right one.
    """
    if not hashes:
        return ""
    plain = array("Q", bytes(2 * len(hashes)))
    plain[::2] = array("Q", hashes)
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305  see above
    hidden = array("Q", encryptor.update(plain.tobytes()))
    return hidden[::2].tobytes().hex()
