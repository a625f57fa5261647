"""The model beside what was published."""

from benchmarks.routing.calibration import ladder_checks, step_checks
from benchmarks.routing.compare import Results
from benchmarks.routing.grid import Task, run_task
from tests.benchmarks.routing.runs import ladder_run, run


def test_the_step_time_model_agrees_with_the_published_prefill_rates() -> None:
    assert next(step_checks()).agrees is True


def test_without_the_ladder_nothing_is_said_of_it() -> None:
    assert not list(ladder_checks(Results([run("round_robin")])))


def test_the_relation_of_the_two_published_peaks_is_checked() -> None:
    def relation(peak: float) -> bool | None:
        runs = [
            ladder_run("round_robin", 0, (3, 0.4, 1000.0), (60, 90.0, 7000.0)),
            ladder_run("llmd_sticky", 0, (3, 0.4, 1000.0), (60, 0.9, peak)),
        ]
        checks = {check.name: check.agrees for check in ladder_checks(Results(runs))}
        return checks["the second over the first"]

    assert relation(14_000.0) is True
    assert relation(8_000.0) is False


def test_the_simulation_reproduces_the_published_relation_on_the_ladder() -> None:
    """llm-d's own profile has about twice the peak of round robin."""
    runs = [run_task(Task(name, "ladder", 0))[1] for name in ("round_robin", "llmd_sticky")]
    checks = {check.name: check.agrees for check in ladder_checks(Results(runs))}
    assert checks["the second over the first"] is True
