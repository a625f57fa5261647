from pathlib import Path
from typing import Any

import pytest

from tests.config.case import complaints, inspected, right


def elsewhere(url: str = "https://api.example/v1", **members: Any) -> dict[str, Any]:
    value = right()
    value["backends"][0] = {"name": "tracker", "url": url, **members}
    return value


def test_a_backend_may_be_a_url_alone(tmp_path: Path) -> None:
    assert complaints(elsewhere(), tmp_path) == []
    assert complaints(elsewhere(auth={"value": "Bearer x"}, private=True), tmp_path) == []


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (elsewhere("http://api.example/"), 'url: "http://api.example/" is not encrypted'),
        (elsewhere("http://localhost:1/"), 'url: "http://localhost:1/" is not encrypted'),
        (elsewhere("https://a@b/"), "url: a url holds no credentials"),
        (elsewhere("HTTP://api.example/"), 'url: "HTTP://api.example/" is not encrypted'),
        (elsewhere("api.example/v1"), 'url: "api.example/v1" is not https://host[:port]/path'),
        (elsewhere("https://a.b/c?d"), 'url: "https://a.b/c?d" has a query or a fragment'),
        (elsewhere("https://10.0.0.1/"), "is not https://host[:port]/path"),
        (elsewhere("https://a.b/c/../d"), 'url: the path of "https://a.b/c/../d" is not a plain'),
        (elsewhere("https://a.b/c\n"), "is not a plain path"),
        (elsewhere(endpoints=["a:1"]), "endpoints: endpoints and url exclude each other"),
        (elsewhere(endpoints=[]), "endpoints: endpoints and url exclude each other"),
        (elsewhere(host="a"), "host: host and url exclude each other"),
        (elsewhere(path="/a"), "path: path and url exclude each other"),
        (elsewhere(http2=True), "http2: http2 and url exclude each other"),
        (elsewhere(tls={"server_name": "a"}), "tls.server_name: the url says server_name"),
        (elsewhere(tls={"key": "absent.key"}), "tls: certificate and key belong together"),
    ],
)
def test_a_wrong_url_or_what_contradicts_it_is_an_error(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(value, tmp_path)
    assert any(complaint in problem and problem.startswith("error") for problem in found), found


def test_every_complaint_about_a_url_has_its_place_and_most_a_fix(tmp_path: Path) -> None:
    (problem,) = inspected(elsewhere("http://api.example/mcp"), tmp_path).problems
    assert problem.path == "backends[0].url"
    assert problem.fix == "use https://; for plain text give endpoints, host and path"
    assert problem.place.file.endswith("gateway.yaml")


@pytest.mark.parametrize("scheme", ["https", "http", "HTTPS"])
def test_a_password_in_a_url_is_not_repeated(scheme: str, tmp_path: Path) -> None:
    (problem,) = inspected(elsewhere(f"{scheme}://me:hunter2@api.example/v1"), tmp_path).problems
    assert "hunter2" not in str(problem)


def test_a_system_without_authorities_needs_one_for_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.config.backend_checks.system_ca", lambda: None)
    assert complaints(elsewhere(), tmp_path) == ["error backends[0]: this system has no CA bundle"]


def test_an_unused_backend_and_a_credential_in_clear_are_warnings(tmp_path: Path) -> None:
    value = right()
    auth = {"value": "Bearer secret"}
    value["backends"].append({"name": "far", "endpoints": ["far.example:80"], "auth": auth})
    loaded = inspected(value, tmp_path)
    assert loaded.gateway is not None
    assert {problem.severity for problem in loaded.problems} == {"warning"}
    assert len(loaded.problems) == 2
    assert "secret" not in str(loaded.problems)


def test_a_backend_and_a_pool_cannot_share_a_name(tmp_path: Path) -> None:
    value = right()
    value["pools"] = [{"name": "tracker", "endpoints": ["127.0.0.1:1"]}]
    found = complaints(value, tmp_path)
    assert 'error pools[0].name: a backend or pool "tracker" already exists' in found


def test_something_must_be_there_for_routes_to_lead_to(tmp_path: Path) -> None:
    value = right()
    value["backends"] = []
    assert complaints(value, tmp_path) == [
        "error backends: there is neither a backend nor a pool for routes to lead to"
    ]


def test_what_holds_for_a_backend_holds_for_a_pool(tmp_path: Path) -> None:
    value = right()
    value["pools"] = [
        {
            "name": "gpu",
            "endpoints": ["h"],
            "path": "/a/../b",
            "auth": {"header": "x-llm-d-inference-objective", "value": "a\nb"},
            "tls": {},
        }
    ]
    assert [problem.split(":")[0] for problem in complaints(value, tmp_path)] == [
        "warning pools[0].name",
        "error pools[0].endpoints[0]",
        "error pools[0].path",
        "error pools[0].auth.header",
        "error pools[0].auth.value",
        "error pools[0].tls",
    ]
