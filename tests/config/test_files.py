from pathlib import Path

from gateway.config.document import Document, parse_documents
from gateway.config.files import system_ca, unreadable


def complaints(file: str) -> list[str]:
    (document,) = parse_documents(f"key: {file}", "f.yaml", {}, Path())
    assert isinstance(document, Document)
    return [str(problem) for problem in unreadable(document, ("key",), file)]


def test_a_file_that_is_there_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    assert complaints(str(tmp_path / "x")) == []


def test_missing_empty_and_no_files_are(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert "No such file" in complaints(str(tmp_path / "absent"))[0]
    assert "is an empty file" in complaints(str(tmp_path / "empty"))[0]
    assert "Is a directory" in complaints(str(tmp_path))[0]


def test_the_systems_bundle_holds_certificates_where_there_is_one() -> None:
    bundle = system_ca()
    assert bundle is None or b"BEGIN CERTIFICATE" in Path(bundle).read_bytes()
