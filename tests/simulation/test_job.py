"""What an engine's scheduler keeps of a request."""

from gateway.simulation.job import Job
from gateway.simulation.request import Outcome
from tests.simulation.fleet import asking


def test_a_request_that_was_preempted_computes_what_it_had_generated_as_well() -> None:
    job = Job(Outcome(asking(0, (1, 160))), 50)
    job.computed, job.generated, job.ends, job.received = 180, 20, 7, True
    job.preempted()
    assert (job.target, job.computed, job.ends, job.preemptions) == (180, 0, -1, 1)
    assert [run.tokens for run in job.runs] == [160, 20]
    assert not job.received


def test_a_prompt_that_ends_within_a_block_shares_no_more_after_a_preemption() -> None:
    job = Job(Outcome(asking(0, (1, 165))), 50)
    job.generated = 20
    job.preempted()
    assert (job.target, [run.tokens for run in job.runs]) == (185, [165])
