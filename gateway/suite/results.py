"""What a run of suites found. Pure data."""

from dataclasses import dataclass

from gateway.model.problem import Place


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise. Both values as text."""

    field: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, with what came out otherwise; it passed when nothing did."""

    name: str
    place: Place
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came out as wanted."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite, its cases in order."""

    name: str
    file: str
    cases: tuple[CaseResult, ...]

    @property
    def failed(self) -> int:
        """How many cases did not pass."""
        return sum(not case.passed for case in self.cases)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    suites: tuple[SuiteResult, ...]

    @property
    def failed(self) -> int:
        """How many cases did not pass."""
        return sum(suite.failed for suite in self.suites)

    @property
    def total(self) -> int:
        """How many cases there were."""
        return sum(len(suite.cases) for suite in self.suites)
