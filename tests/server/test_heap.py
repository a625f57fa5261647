"""Behaviour of the memory that a worker keeps between bodies."""

import resource
import subprocess
import sys

import pytest

BODIES = """
import resource, sys
from gateway.server.heap import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit("unsupported")
def hold():
    body = bytes(400_000)
    return [body[1:], body[2:], body[3:]]
hold()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    hold()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    command = [sys.executable, "-c", BODIES, mode]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.stderr.strip() == "unsupported":
        pytest.skip("this C library keeps memory in ways of its own")
    return int(run.stdout)


def test_bodies_that_follow_one_another_take_the_same_memory() -> None:
    pages_of_one = 4 * 400_000 // resource.getpagesize()
    assert faults("kept") < pages_of_one
    assert faults("given back") > 10 * pages_of_one
