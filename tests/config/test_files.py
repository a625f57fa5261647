from pathlib import Path

from gateway.config.document import Document, parse_documents
from gateway.config.files import system_ca, unreadable, unusable_ca, unusable_pair
from gateway.config.yamltree import Path as YamlPath
from gateway.model.problem import Problem
from tests.support.certificates import Authority

KEY: YamlPath = ("key",)


def document_of(file: str) -> Document:
    (document,) = parse_documents(f"key: {file}", "f.yaml", {}, Path())
    assert isinstance(document, Document)
    return document


def complaints(file: str) -> list[str]:
    return [str(problem) for problem in unreadable(document_of(file), KEY, file)]


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


def test_a_certificate_and_its_key_make_a_pair(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, two = authority.server("one.test"), authority.server("two.test")

    def pair(certificate: Path, key: Path) -> list[Problem]:
        return list(unusable_pair(document_of("x"), KEY, str(certificate), str(key)))

    assert pair(one.certificate, one.key) == []
    for certificate, key in (
        (one.certificate, two.key),
        (one.key, one.certificate),
        (authority.ca, one.key),
    ):
        (problem,) = pair(certificate, key)
        assert problem.message == "certificate and key do not make a pair"
    assert pair(tmp_path / "absent", one.key) == []  # told as unreadable


def test_an_authority_is_a_file_of_certificates(tmp_path: Path) -> None:
    def authority(file: Path) -> list[Problem]:
        return list(unusable_ca(document_of(str(file)), KEY, str(file)))

    assert authority(Authority(tmp_path).ca) == []
    (tmp_path / "garbage").write_text("not PEM")
    (problem,) = authority(tmp_path / "garbage")
    assert problem.message == f'"{tmp_path}/garbage" holds no PEM certificates'
    assert authority(tmp_path / "absent") == []
