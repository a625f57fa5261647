"""The demo's data: a few repositories with issues, held in memory and the same at every start.

Knows nothing of MCP; `demo/tracker.py` puts it on the wire.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel

State = Literal["open", "closed"]
StateFilter = Literal["open", "closed", "all"]


class Comment(BaseModel):
    """One comment below an issue."""

    author: str
    body: str


class Issue(BaseModel):
    """An issue as the tools return it."""

    owner: str
    repo: str
    number: int
    title: str
    body: str
    state: State = "open"
    comments: list[Comment] = []


class NotInTrackerError(LookupError):
    """The repository or the issue does not exist; the message names it."""


class IssueTracker:
    """Issues by repository. Every replica has its own, as a server that keeps state would."""

    def __init__(self, issues: list[Issue]) -> None:
        """Takes the issues to start with; numbers count up from the highest of each repository."""
        self._repositories: dict[tuple[str, str], dict[int, Issue]] = {}
        for issue in issues:
            self._repositories.setdefault((issue.owner, issue.repo), {})[issue.number] = issue

    def repositories(self) -> list[str]:
        """The names of all repositories as "owner/repo", sorted."""
        return sorted(f"{owner}/{repo}" for owner, repo in self._repositories)

    def find(self, owner: str, repo: str, state: StateFilter) -> Iterator[Issue]:
        """The repository's issues in that state, by number, or `NotInTrackerError`."""
        for _, issue in sorted(self._repository(owner, repo).items()):
            if state in (issue.state, "all"):
                yield issue

    def get(self, owner: str, repo: str, number: int) -> Issue:
        """One issue, or `NotInTrackerError`."""
        try:
            return self._repository(owner, repo)[number]
        except KeyError:
            raise NotInTrackerError(f"{owner}/{repo} has no issue {number}") from None

    def create(self, owner: str, repo: str, title: str, body: str) -> Issue:
        """Opens an issue in an existing repository and returns it with its number."""
        issues = self._repository(owner, repo)
        number = max(issues, default=0) + 1
        issues[number] = Issue(owner=owner, repo=repo, number=number, title=title, body=body)
        return issues[number]

    def delete(self, owner: str, repo: str) -> int:
        """Removes a repository and returns how many issues went with it."""
        lost = len(self._repository(owner, repo))
        del self._repositories[owner, repo]
        return lost

    def _repository(self, owner: str, repo: str) -> dict[int, Issue]:
        try:
            return self._repositories[owner, repo]
        except KeyError:
            raise NotInTrackerError(f"no repository {owner}/{repo}") from None


def sample_issues() -> list[Issue]:
    """Fresh copies of the sample: two repositories of "acme", one of another organisation."""
    return [
        Issue(
            owner="acme",
            repo="website",
            number=1,
            title="Search returns no results for names with accents",
            body="Searching for 'Zoë' finds nothing, 'Zoe' does.",
            comments=[
                Comment(author="lin", body="The index folds accents, the query does not."),
                Comment(author="omar", body="Fix is on a branch, needs a test."),
            ],
        ),
        Issue(
            owner="acme",
            repo="website",
            number=2,
            title="Sign-in page is slow on mobile",
            body="Two seconds until the form is shown.",
            comments=[Comment(author="lin", body="The fonts block rendering.")],
        ),
        Issue(
            owner="acme",
            repo="website",
            number=3,
            title="Footer shows last year",
            body="Take the year from the build.",
            state="closed",
        ),
        Issue(
            owner="acme",
            repo="payroll",
            number=1,
            title="Rounding differs from the bank's",
            body="Half-even here, half-up there.",
        ),
        Issue(
            owner="globex",
            repo="reactor",
            number=1,
            title="Alarm is too quiet",
            body="Nobody heard it on Tuesday.",
            comments=[Comment(author="hank", body="Louder. Please.")],
        ),
    ]
