"""`${NAME}`, `${NAME:-default}` and `file:PATH` in string values.

The result of a substitution may be a secret: no message of this module quotes one, only what
stands in the file. `$${` writes a literal `${`. A value that starts with `file://` is a URI (MCP
resources have such names) and stays as it is.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MAX_FILE_BYTES: Final = 1024 * 1024

_REFERENCE: Final = re.compile(
    r"(?P<escaped>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}|(?P<broken>\$\{)"
)


class SubstitutionError(Exception):
    """A value cannot be filled in. Text and `fix` quote only what the file itself says."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def substitute(text: str, environment: Mapping[str, str], folder: Path) -> str:
    """`text` with its references replaced, relative files below `folder`.

    Replaced text is not looked at again. Raises SubstitutionError for an unset name without a
    default, a reference that is not closed, and a file that cannot be read.
    """
    file = named_file(text, environment, folder)
    return _filled(text, environment) if file is None else _file(file, text)


def named_file(text: str, environment: Mapping[str, str], folder: Path) -> Path | None:
    """The file whose content stands for `text`; None if `text` names none. Raises
    SubstitutionError as `substitute` does."""
    if not text.startswith("file:") or text.startswith("file://"):
        return None
    return folder / _filled(text, environment).removeprefix("file:")


def _filled(text: str, environment: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: _reference(match, environment), text)


def _reference(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "${"
    if match["broken"]:
        raise SubstitutionError(
            "`${` without a name and a closing brace", "write ${NAME}, or $${ for a literal ${"
        )
    name, default = match["name"], match["default"]
    value = environment.get(name)
    if not value and default is not None:
        return default.removeprefix(":-")
    if value is None:
        fix = f"set {name}, or give a default: ${{{name}:-...}}"
        raise SubstitutionError(f"the environment variable {name} is not set", fix)
    return value


def _file(path: Path, written: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise SubstitutionError(f"cannot read {written}: {reason}", "check the path") from None
    if len(content) > MAX_FILE_BYTES:
        raise SubstitutionError(f"{written} is larger than {MAX_FILE_BYTES} bytes", "name another")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        fix = "store it as text, e.g. in base64"
        raise SubstitutionError(f"{written} is not UTF-8 text", fix) from None
