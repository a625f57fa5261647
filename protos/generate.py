# ruff: noqa: INP001  a folder of .proto files must not become a Python package
"""Compile the .proto files into modules beside their only user; run as a script, from anywhere.

Every module is self-contained (our files import only google.protobuf), so the output of protoc
needs no change of its imports; `generate` refuses a file for which that is not so.
"""

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from grpc_tools import protoc

PROTOS: Final = Path(__file__).resolve().parent
ROOT: Final = PROTOS.parent

TARGETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "attributes.proto": "gateway/policy",
        "cel_syntax.proto": "gateway/policy",
        "extauthz.proto": "gateway/server",
        "extproc.proto": "gateway/server",
        "guardrail.proto": "gateway/adapters/guardrails",
    }
)
"""Which package each file is compiled into."""

_FOREIGN_IMPORT: Final = re.compile(
    r"^(?:import \w+_pb2|from (?!google\.protobuf)\S+ import)", re.MULTILINE
)


def generate(proto: str) -> Mapping[str, str]:
    """The generated files of one .proto file: name (x_pb2.py, x_pb2.pyi) to text.

    Raises RuntimeError when protoc fails or the file imports another of ours.
    """
    with tempfile.TemporaryDirectory() as folder:
        status = protoc.main(
            [
                "protoc",
                f"--proto_path={PROTOS}",
                f"--proto_path={Path(protoc.__file__).parent / '_proto'}",
                f"--python_out={folder}",
                f"--pyi_out={folder}",
                proto,
            ]
        )
        if status != 0:
            raise RuntimeError(f"protoc failed on {proto}")
        files = {path.name: path.read_text() for path in sorted(Path(folder).iterdir())}
    for name, text in files.items():
        if name.endswith(".py") and _FOREIGN_IMPORT.search(text):
            raise RuntimeError(f"{proto} imports a file that is not google.protobuf's")
    return files


def main() -> int:
    """Write every generated file of TARGETS; returns the exit status."""
    for proto, package in TARGETS.items():
        for name, text in generate(proto).items():
            (ROOT / package / name).write_text(text)
            sys.stdout.write(f"{package}/{name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
