"""The file of a pool: a YAML list of members, which changes while the gateway runs."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final, TypeAlias

from pydantic import ConfigDict, Field, RootModel

from gateway.config.addresses import parse_address
from gateway.config.document import Document, read_documents, validate
from gateway.config.pool import Member
from gateway.config.yamltree import Path
from gateway.model.problem import Place, Problem

MOST_MEMBERS: Final = 10_000
"""Each is connected to, scraped and listed to Envoy."""

Problems: TypeAlias = tuple[Problem, ...]


class _Members(RootModel[tuple[Member, ...]]):
    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    root: tuple[Member, ...] = Field(max_length=MOST_MEMBERS)


def read_members(path: FilePath) -> tuple[tuple[Member, ...], Problems]:
    """The members that a file lists, or everything that is wrong with it: one of both is empty. A
    file without members is `[]`; an empty one is a file that is being written."""
    match read_documents(path, {}):
        case (Document() as document,):
            return _members(document)
        case (Problem(), *_) as problems:
            return (), problems
        case documents:
            found = f"has {len(documents)} documents" if documents else "is empty"
            message = f"the file {found}, not one list of members"
            return (), (Problem(Place(str(path), 1, 1), "(root)", message, "e.g. []"),)


def _members(document: Document) -> tuple[tuple[Member, ...], Problems]:
    found = validate(document, _Members)
    if isinstance(found, tuple):
        return (), found
    problems = tuple(address_problems(document, (), found.root, set()))
    return ((), problems) if problems else (found.root, ())


def address_problems(
    document: Document, path: Path, members: tuple[Member, ...], seen: set[str]
) -> Iterator[Problem]:
    """Addresses in the list at `path` that are none, or that are in `seen`, to which they are
    added."""
    for index, member in enumerate(members):
        here = (*path, index, "address")
        if parse_address(member.address) is None:
            yield document.problem(here, f"{document.quote(here)} is not host:port")
        elif member.address in seen:
            yield document.problem(here, f"{document.quote(here)} is listed twice", "remove one")
        seen.add(member.address)
