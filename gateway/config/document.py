"""Placed documents: a YAML file read, filled in, and validated into a typed model.

A problem names file, line, column and YAML path, and quotes only what stands in the file, never
what came from the environment or another file.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from stat import S_ISDIR
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.config import yamltree
from gateway.config.shape import nearest, nearest_key
from gateway.config.substitution import SubstitutionError, named_file, substitute
from gateway.config.yamltree import Path, Tree, path_text, plain_scalar
from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place, Problem

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES: Final = 16 * 1024 * 1024
_RETYPED: Final = frozenset({"int_type", "float_type", "bool_type"})


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document after substitution.

    `written` has, for each value that a substitution changed, the text in the file.
    """

    file: str
    value: JsonValue
    tree: Tree = field(repr=False)
    written: Mapping[Path, str] = field(default_factory=dict[Path, str], repr=False)

    def place(self, path: Path) -> Place:
        """Where the value at `path` was written; the nearest enclosing one if it is absent."""
        for length in range(len(path), -1, -1):
            if found := self.tree.places.get(path[:length]):
                return found
        return Place(self.file, 1, 1)

    def quote(self, path: Path) -> str:
        """The value at `path` for a message: in double quotes, as the file has it. A list or a
        section is not repeated, as what was filled in may stand in it."""
        if path in self.written:
            return f'"{self.written[path]}"'
        value = self.value
        for part in path:
            match value, part:
                case dict(), str():
                    value = value.get(part)
                case list(), int():
                    value = value[part] if part < len(value) else None
                case _:
                    return '""'
        if isinstance(value, dict | list):
            return "a section" if isinstance(value, dict) else "a list"
        return json.dumps(value, ensure_ascii=False)

    def problem(self, path: Path, message: str, fix: str = "") -> Problem:
        """An error about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix)

    def warning(self, path: Path, message: str, fix: str = "") -> Problem:
        """A warning about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix, "warning")


def read_documents(
    path: FilePath, environment: Mapping[str, str]
) -> tuple[Document, ...] | tuple[Problem, ...]:
    """Every document of the YAML file `path`, or everything that is wrong with the file."""
    start = Place(str(path), 1, 1)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        message = f"cannot read the file: {error.strerror}"
        return (Problem(start, "(root)", message, "check the path and its permissions"),)
    except UnicodeDecodeError:
        return (Problem(start, "(root)", "the file is not UTF-8 text"),)
    if len(raw) > MAX_BYTES:
        return (Problem(start, "(root)", f"the file is larger than {MAX_BYTES} bytes"),)
    return parse_documents(text, str(path), environment, path.parent)


def parse_documents(
    text: str, file: str, environment: Mapping[str, str], folder: FilePath
) -> tuple[Document, ...] | tuple[Problem, ...]:
    """Like `read_documents` for a text; `file` names it, `folder` is where `file:` values start."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for tree in yamltree.parse(text, file):
        if isinstance(tree, Problem):
            problems.append(tree)
            continue
        filling = _Filling(tree, environment, folder)
        value = filling.fill(tree.value, ())
        documents.append(Document(file, value, tree, filling.written))
        problems += filling.problems
    return tuple(problems) if problems else tuple(documents)


def named_files(path: FilePath, environment: Mapping[str, str]) -> tuple[FilePath, ...]:
    """The files that values of a YAML file name (`file:PATH`), also those that cannot be read: a
    change of one may mend it. Folders are left out: a half-written path names one, and all of it
    would be watched."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ()
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()
    if "file:" not in text:
        return ()
    trees = yamltree.parse(text, str(path))
    values = [tree.value for tree in trees if isinstance(tree, Tree)]
    named = dict.fromkeys(_named(values, environment, path.parent))
    return tuple(file for file in named if _may_be_file(file))


def _may_be_file(file: FilePath) -> bool:
    try:
        return not S_ISDIR(file.stat().st_mode)
    except OSError:
        return True
    except ValueError:  # a null byte in the name
        return False


def _named(
    value: JsonValue, environment: Mapping[str, str], folder: FilePath
) -> Iterator[FilePath]:
    match value:
        case str():
            with suppress(SubstitutionError):
                file = named_file(value, environment, folder)
                if file is not None:
                    yield file
        case list():
            for item in value:
                yield from _named(item, environment, folder)
        case dict():
            for item in value.values():
                yield from _named(item, environment, folder)
        case _:
            pass


class _Filling:
    """Substitutes in every string value of one document."""

    def __init__(self, tree: Tree, environment: Mapping[str, str], folder: FilePath) -> None:
        self._tree = tree
        self._environment = environment
        self._folder = folder
        self.written: dict[Path, str] = {}
        self.problems: list[Problem] = []

    def fill(self, value: JsonValue, path: Path) -> JsonValue:
        match value:
            case str():
                return self._text(value, path)
            case list():
                return [self.fill(item, (*path, i)) for i, item in enumerate(value)]
            case dict():
                return {key: self.fill(item, (*path, key)) for key, item in value.items()}
            case _:
                return value

    def _text(self, text: str, path: Path) -> str:
        try:
            filled = substitute(text, self._environment, self._folder)
        except SubstitutionError as error:
            place = self._tree.places[path]
            self.problems.append(Problem(place, path_text(path), str(error), error.fix))
            return text
        if filled != text:
            self.written[path] = text
        return filled


def validate(
    document: Document, model: type[Model], folder: FilePath | None = None, *, at: Path = ()
) -> Model | tuple[Problem, ...]:
    """The document, or the value of it `at` a path, as a `model`, or one problem per error.

    Validates as JSON, so nothing is coerced, with one exception: an unquoted value that came out
    of a substitution (`port: ${PORT:-8080}`) counts as a number or a boolean where the model
    wants one. Paths in the document are taken relative to `folder`.
    """
    return _validated(document, model, folder, at)[0]


def substituted(document: Document, model: type[BaseModel], at: Path) -> JsonValue:
    """The value `at` a path of a document as a `model` takes it: with numbers and booleans where
    substitutions left texts."""
    return _validated(document, model, None, at)[1]


def _validated(
    document: Document, model: type[Model], folder: FilePath | None, at: Path
) -> tuple[Model | tuple[Problem, ...], JsonValue]:
    value = _at(document.value, at)
    context = {"folder": folder} if folder else None
    errors: Sequence[ErrorDetails] = ()
    for _ in range(2):  # the second time with substituted numbers and booleans
        try:
            return model.model_validate_json(json.dumps(value), context=context), value
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        value = _retype(document, value, errors, at)
    return tuple(_problem(document, model, error, at) for error in _causes(errors)), value


def _at(value: JsonValue, path: Path) -> JsonValue:
    for part in path:
        match value, part:
            case dict(), str():
                value = value.get(part)
            case list(), int():
                value = value[part] if part < len(value) else None
            case _:
                return None
    return value


def _causes(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without "too few items" where the items themselves are broken, which pydantic adds."""
    for error in errors:
        loc = error["loc"]
        below = any(
            len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in errors
        )
        if not (below and error["type"] == "too_short"):
            yield error


def _retype(
    document: Document, value: JsonValue, errors: Sequence[ErrorDetails], at: Path
) -> JsonValue:
    wanted = {
        (*at, *error["loc"])
        for error in errors
        if error["type"] in _RETYPED
        and (*at, *error["loc"]) in document.written
        and (*at, *error["loc"]) in document.tree.plain
    }

    def walk(item: JsonValue, path: Path) -> JsonValue:
        match item:
            case str() if path in wanted:
                return plain_scalar(item)
            case list():
                return [walk(child, (*path, i)) for i, child in enumerate(item)]
            case dict():
                return {key: walk(child, (*path, key)) for key, child in item.items()}
            case _:
                return item

    return walk(value, at) if wanted else value


def _problem(
    document: Document, model: type[BaseModel], error: ErrorDetails, at: Path = ()
) -> Problem:
    path = _known_path(document, (*at, *error["loc"]))
    message, fix = error["msg"], ""
    match error["type"]:
        case "extra_forbidden":
            message = f'unknown key "{path[-1]}"' if path else "unknown key"
            near = nearest_key(model, error["loc"])
            fix = f'did you mean "{near}"?' if near else "remove it"
            place = document.tree.keys.get(path, document.place(path))
            return Problem(place, path_text(path), message, fix)
        case "missing":
            path = (*_known_path(document, (*at, *error["loc"][:-1])), error["loc"][-1])
            message, fix = f'the key "{path[-1]}" is missing', f'add "{path[-1]}"'
        case "literal_error" | "enum":
            known = str(error.get("ctx", {}).get("expected", ""))
            message, fix = _none_of(known, document.quote(path))
        case "tuple_type" | "list_type":
            message, fix = f"{document.quote(path)} is not a list", "put it in brackets: [...]"
        case "too_short" if error.get("ctx", {}).get("actual_length") == 0:
            message, fix = "the list is empty", "give at least one"
        case "value_error" | "assertion_error" if path in document.written:
            message = f"the value of {document.quote(path)} is not acceptable here"
        case "value_error" | "assertion_error":
            message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        case _:
            message = message[:1].lower() + message[1:]
    return document.problem(path, message, fix)


def _none_of(known: str, quoted: str) -> tuple[str, str]:
    """Message and fix for a value that is none of `known`, which is in pydantic's words."""
    near = nearest(quoted.strip('"'), re.findall("'([^']*)'", known))
    message = f"{quoted} is not " + known.replace("'", "")
    return message, f'did you mean "{near}"?' if near else ""


def _known_path(document: Document, loc: Path) -> Path:
    """`loc` without the union branches that pydantic adds to it."""
    path: Path = ()
    for part in loc:
        if (*path, part) in document.tree.places:
            path = (*path, part)
    return path
