"""Private key blocks."""

import base64
from random import Random

import pytest

from gateway.guardrails.budget import Budget
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.secrets.private_keys import PRIVATE_KEY
from gateway.model.passage import Part
from tests.guardrails.finding import finder

find = finder([PRIVATE_KEY])


def _block(kind: str, size: int, headers: str = "") -> str:
    body = base64.encodebytes(Random(size).randbytes(size)).decode()
    return f"-----BEGIN {kind}-----\n{headers}{body}-----END {kind}-----"


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("PRIVATE" + " KEY", 120),
        ("RSA PRIVATE" + " KEY", 1_190),
        ("OPENSSH PRIVATE" + " KEY", 400),
        ("ENCRYPTED PRIVATE" + " KEY", 2_350),
        ("PGP PRIVATE" + " KEY BLOCK", 700),
    ],
)
def test_the_whole_block_is_the_finding(kind: str, size: int) -> None:
    block = _block(kind, size)
    assert find(f"here: {block}\nand no more") == [("private_key", block)]


def test_a_block_in_json_is_found_whole() -> None:
    block = _block("PRIVATE" + " KEY", 900).replace("\n", "\\n")
    assert find(f'{{"private_key": "{block}"}}') == [("private_key", block)]


def test_a_key_with_header_lines_is_masked_up_to_its_end() -> None:
    headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n\n"
    block = _block("RSA PRIVATE" + " KEY", 900, headers)
    [(category, words)] = find(block)
    assert category == "private_key"
    assert block.startswith(words)
    assert block.removeprefix(words).startswith("-----END")


def test_a_block_that_breaks_off_is_found() -> None:
    block = _block("PRIVATE" + " KEY", 900)[:500]
    assert find(block) == [("private_key", block)]


def test_a_block_without_a_key_and_a_public_key_are_no_finding() -> None:
    assert find("-----BEGIN PRIVATE KEY-----\nanything\n-----END PRIVATE KEY-----") == []
    assert find(_block("PUBLIC" + " KEY", 300)) == []


def test_a_stream_holds_a_block_from_its_first_line_on() -> None:
    text = "here: " + _block("RSA PRIVATE" + " KEY", 1_190) + "\nand no more"
    patterns = PatternSet({"secrets": PRIVATE_KEY.patterns})
    stream = patterns.stream(Part.ASSISTANT, None, Budget())
    held = list[int]()
    for start in range(0, len(text), 5):
        stream.feed(text[start : start + 5])
        if 60 < start < 1_000:
            held.append(stream.held)
    stream.finish()
    assert set(held) == {6}
    whole = patterns.find(text, Part.ASSISTANT, None, Budget())
    assert [(one.start, one.end) for one in stream.settled] == [
        (one.start, one.end) for one in whole
    ]
