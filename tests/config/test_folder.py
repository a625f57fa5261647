from pathlib import Path

from gateway.config.folder import read_folder

POLICY = """apiVersion: gatehouse.dev/v1
kind: AccessPolicy
metadata: {name: NAME}
spec: {rules: []}
"""


def test_every_document_of_every_file_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(POLICY.replace("NAME", "two"))
    (tmp_path / "a.yml").write_text(
        "---\n".join(POLICY.replace("NAME", n) for n in ("zero", "one"))
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yaml").write_text(POLICY.replace("NAME", "three"))
    folder = read_folder(tmp_path, {})
    assert folder.problems == ()
    assert [resource.name for resource in folder.resources] == ["zero", "one", "two", "three"]
    assert {resource.kind for resource in folder.resources} == {"AccessPolicy"}


def test_suites_hidden_files_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    for name in ("a_test.yaml", "b_test.yml", ".c.yaml", "..data/d.yaml", "README.md", "e.json"):
        (tmp_path / name).write_text("not: a document")
    folder = read_folder(tmp_path, {})
    assert folder == read_folder(tmp_path, {})
    assert (folder.resources, folder.problems) == ((), ())


def test_a_name_may_occur_once_per_kind(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POLICY)
    (tmp_path / "b.yaml").write_text(POLICY)
    (tmp_path / "c.yaml").write_text(POLICY.replace("AccessPolicy", "Quota"))
    for file in tmp_path.iterdir():
        file.write_text(file.read_text().replace("NAME", "same"))
    (problem,) = read_folder(tmp_path, {}).problems
    assert str(problem.place) == f"{tmp_path}/b.yaml:3:18"
    assert f"the other is at {tmp_path}/a.yaml:3:18" in problem.fix


def test_every_problem_of_every_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: AccessPolicy")
    (tmp_path / "b.yaml").write_text("a: [")
    (tmp_path / "c.yaml").write_text(POLICY.replace("NAME", "fine"))
    folder = read_folder(tmp_path, {})
    assert {Path(problem.place.file).name for problem in folder.problems} == {"a.yaml", "b.yaml"}
    assert [resource.name for resource in folder.resources] == ["fine"]


def test_values_are_substituted(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POLICY.replace("NAME", "x").replace("[]", "['${RULE}']"))
    (resource,) = read_folder(tmp_path, {"RULE": "r"}).resources
    assert resource.document.value == {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "AccessPolicy",
        "metadata": {"name": "x"},
        "spec": {"rules": ["r"]},
    }


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read_folder(tmp_path / "absent", {}).problems
    assert problem.message == "not a folder"


CONFIG = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
OBJECTIVE = """apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: NAME}
spec: {poolRef: {name: chat}}
"""


def test_foreign_documents_lie_there_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "pd-config.yaml").write_text(f"# as published\n{CONFIG}")
    (tmp_path / "own.yaml").write_text(f"{CONFIG}metadata: {{name: named}}\n")
    (tmp_path / "z.yaml").write_text(OBJECTIVE.replace("NAME", "batch"))
    folder = read_folder(tmp_path, {})
    assert folder.problems == ()
    assert [(one.kind, one.name) for one in folder.resources] == [
        ("EndpointPickerConfig", "named"),
        ("EndpointPickerConfig", "pd-config"),
        ("InferenceObjective", "batch"),
    ]


def test_the_name_of_a_picker_is_unique_over_own_and_foreign_documents(tmp_path: Path) -> None:
    picker = POLICY.replace("AccessPolicy", "EndpointPicker").replace("NAME", "fast")
    (tmp_path / "a.yaml").write_text(picker)
    (tmp_path / "fast.yaml").write_text(CONFIG)
    (problem,) = read_folder(tmp_path, {}).problems
    assert problem.message == 'EndpointPickerConfig "fast" already exists'
    assert problem.place.file == f"{tmp_path}/fast.yaml"
    assert f"the other is at {tmp_path}/a.yaml:3:18" in problem.fix


def test_two_nameless_configurations_of_one_file_are_too_many(tmp_path: Path) -> None:
    (tmp_path / "both.yaml").write_text(f"{CONFIG}---\n{CONFIG}")
    (problem,) = read_folder(tmp_path, {}).problems
    assert problem.message == 'EndpointPickerConfig "both" already exists'


def test_a_foreign_name_may_occur_once_per_namespace(tmp_path: Path) -> None:
    one = OBJECTIVE.replace("NAME", "batch, namespace: a")
    (tmp_path / "a.yaml").write_text(f"{one}---\n{one.replace('namespace: a', 'namespace: b')}")
    assert read_folder(tmp_path, {}).problems == ()
    (tmp_path / "b.yaml").write_text(one)
    (problem,) = read_folder(tmp_path, {}).problems
    assert problem.message == 'InferenceObjective "batch" already exists'


def test_documents_of_somebody_else_are_one_error_each(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}")
    (tmp_path / "b.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nspec: {a: 1}")
    config, deployment = (str(one) for one in read_folder(tmp_path, {}).problems)
    assert 'a.yaml:2:7: error: kind: "ConfigMap" of "v1" is not read here (move' in config
    assert "an EndpointPickerConfig in its data has to be a file of its own" in config
    assert deployment.endswith(
        '"Deployment" of "apps/v1" is not read here (move it out of this folder)'
    )
