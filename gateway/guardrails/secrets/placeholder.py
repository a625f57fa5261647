"""What stands for a secret in documentation and templates. Pure: no I/O, no clock."""

import re
from itertools import pairwise
from typing import Final

_WORDS: Final = re.compile(
    r"example|sample|placeholder|redact|masked|dummy|changeme|change_me|change-me|replace|insert"
    r"|your|foobar|foo_bar|lorem|deadbeef-|todo|fixme|not[_-]?real|fake|xxxx|\*\*\*|\.\.\.|0{8}|1{8}"
    r"|put_|enter_|my[-_](?:secret|token|key|pass|api)|secret[-_]?(?:key|value|token)"
    r"|s3cr3t|p[a@][s5]{2}w[o0]rd|passw|passphrase|hunter2|qwerty|letmein|12345678|abcdefgh",
    re.IGNORECASE,
)
_TEMPLATE: Final = re.compile(r"^[$%{<\[(&*]|[{}<>]|\$\(|%\(|%s|^\.\.|\\[a-z]")
_RUN: Final = re.compile(r"(.)\1{5}")
_NAMES: Final = """
user username login admin administrator root guest test testing tests pass passwd password pwd pw
secret secrets token key apikey api_key none null true false undefined string value text hidden
private public default credential credentials auth bearer basic anonymous demo foo bar baz spam eggs
abc abc123 xxx yyy zzz pass123 test123 user123 postgres mysql mongo redis rabbitmq
"""
_DULL: Final = frozenset(_NAMES.split())
_LONGEST_ORDER: Final = 20


def is_template(text: str) -> bool:
    """Whether a program or a person is to fill it in: `${NAME}`, `<token>`, `{{ value }}`."""
    return _TEMPLATE.search(text) is not None


def is_repetitive(text: str) -> bool:
    """Whether it has a character six times in a row, the alphabet in its order, or the word
    EXAMPLE, as documentation writes keys that keep their form (AKIAIOSFODNN7EXAMPLE)."""
    return (
        _RUN.search(text) is not None or "EXAMPLE" in text or _longest_order(text) >= _LONGEST_ORDER
    )


def is_filled_in(text: str) -> bool:
    """Whether it is a template, a repetition or the bare name of what it stands for; unlike
    `is_placeholder`, words within it do not count: "P@ssw0rd$1" is somebody's password."""
    return text.lower() in _DULL or is_template(text) or is_repetitive(text)


def is_placeholder(text: str) -> bool:
    """Whether it stands for a secret that somebody else has: a template, a repetition, a word such
    as "changeme", or the name of what it is ("password")."""
    return is_filled_in(text) or _WORDS.search(text) is not None


def _longest_order(text: str) -> int:
    longest = run = 1
    for one, two in pairwise(text):
        run = run + 1 if ord(two) - ord(one) == 1 else 1
        longest = max(longest, run)
    return longest
