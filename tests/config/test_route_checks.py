from pathlib import Path
from typing import Any

import pytest

from tests.config.case import complaints, inspected, right


def changed(section: str, index: int = 0, **changes: Any) -> dict[str, Any]:
    value = right()
    value[section][index] |= changes
    return value


def test_the_right_configuration_is_right(tmp_path: Path) -> None:
    assert complaints(right(), tmp_path) == []


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (changed("routes", backend="trakcer"), "routes[0].backend: there is no backend"),
        (changed("routes", listener="man"), "routes[0].listener: there is no listener"),
        (changed("routes", path="/a?b"), 'routes[0].path: "/a?b" is not a plain path'),
        (changed("routes", upstream_path="/a//b"), 'upstream_path: "/a//b" is not a plain path'),
        (
            changed("routes", path="/.well-known/oauth-protected-resource/x"),
            "routes[0].path: /.well-known/oauth-protected-resource is reserved",
        ),
        (
            changed("routes", protocol="unjudged", batches=True),
            "routes[0].batches: batches has no effect on a route of protocol unjudged",
        ),
        (
            changed("routes", body_limit=64 << 20) | {"limits": {"heap_bytes": 128 << 20}},
            "routes[0].body_limit: one body could take more than 1/4 of limits.heap_bytes",
        ),
        (changed("backends", endpoints=["host"]), 'endpoints[0]: "host" is not host:port'),
        (changed("backends", endpoints=["h:1", "h:1"]), 'endpoints[1]: "h:1" is listed twice'),
        (changed("backends", path="/a/../b"), 'backends[0].path: "/a/../b" is not a plain path'),
        (
            changed("backends", auth={"header": "mcp-session-id", "value": "x"}),
            "auth.header: a credential cannot be sent as",
        ),
        (changed("backends", auth={"value": "a\nb"}), "auth.value: not a header value"),
        (
            changed("backends", tls={"server_name": "x", "key": "absent.key"}),
            "backends[0].tls: certificate and key belong together",
        ),
        (
            changed("backends", tls={"server_name": "x", "ca": "absent.pem"}),
            'backends[0].tls.ca: cannot read "absent.pem"',
        ),
        (changed("backends", tls={}), 'backends[0].tls: the key "server_name" is missing'),
        (changed("backends", endpoints=[]), "backends[0]: the backend leads nowhere"),
        (changed("backends", private=True), "private: private has no effect without url"),
    ],
)
def test_a_wrong_route_or_backend_is_an_error(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(value, tmp_path)
    assert any(complaint in problem and problem.startswith("error") for problem in found), found


@pytest.mark.parametrize("section", ["routes", "backends"])
def test_names_are_unique(section: str, tmp_path: Path) -> None:
    value = right()
    value[section].append(dict(value[section][0]))
    assert any("already exists" in problem for problem in complaints(value, tmp_path))


def test_a_slash_at_the_end_of_a_base_path_makes_no_other_path(tmp_path: Path) -> None:
    value = right()
    route = value["routes"][0] | {"protocol": "openai", "path": "/v1"}
    value["routes"] = [route, route | {"name": "second", "path": "/v1/"}]
    assert complaints(value, tmp_path) == [
        'error routes[1].path: "/v1/" is already the path of route mcp'
    ]
    value["routes"] = [one | {"protocol": "mcp"} for one in value["routes"]]
    assert complaints(value, tmp_path) == []


def test_a_path_is_taken_once_per_listener(tmp_path: Path) -> None:
    value = right()
    value["listeners"].append(value["listeners"][0] | {"name": "other", "port": 8081})
    value["routes"][0]["listener"] = "main"
    value["routes"].append(value["routes"][0] | {"name": "second", "listener": "other"})
    assert complaints(value, tmp_path) == []
    del value["routes"][1]["listener"]
    assert complaints(value, tmp_path) == [
        'error routes[1].path: "/mcp" is already the path of route mcp'
    ]


def test_a_misspelt_name_is_put_right(tmp_path: Path) -> None:
    problems = inspected(changed("routes", backend="traker"), tmp_path).problems
    assert 'did you mean "tracker"?' in [problem.fix for problem in problems]


def checked(**changes: Any) -> dict[str, Any]:
    return changed("routes", mode="check", **changes)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (checked(batches=True), "routes[0].batches: batches belong to a revision with sessions"),
        (
            checked(protocol="openai", aliases={"a": "b"}),
            "routes[0].aliases: aliases change the body",
        ),
        (checked(protocol="anthropic", usage="json"), "routes[0].usage: usage reads responses"),
        (
            checked() | {"record": {"endpoint": "always"}},
            "routes[0].mode: record.endpoint: always needs every response",
        ),
    ],
)
def test_what_needs_more_than_a_decision_is_an_error_where_there_is_no_more(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    problems = [one for one in inspected(value, tmp_path).problems if one.severity == "error"]
    assert [f"{one.path}: {one.message}".startswith(complaint) for one in problems] == [True]
    assert "mode: buffered" in problems[0].fix
    value["routes"][0]["mode"] = "buffered"
    assert complaints(value, tmp_path) == []


@pytest.mark.parametrize(
    ("protocol", "refused"),
    [("mcp", "lists"), ("openai", "models"), ("anthropic", "models"), ("a2a", "agent cards")],
)
def test_what_a_decision_alone_cannot_give_is_told_beforehand(
    protocol: str, refused: str, tmp_path: Path
) -> None:
    (complaint,) = complaints(checked(protocol=protocol), tmp_path)
    assert complaint.startswith("warning routes[0].mode: on a route in mode check")
    assert refused in complaint


def test_off_is_off_in_every_mode(tmp_path: Path) -> None:
    value = checked(protocol="openai", aliases={}, usage="off")
    assert not [one for one in complaints(value, tmp_path) if one.startswith("error")]


@pytest.mark.parametrize(
    ("route", "complaint"),
    [
        ({"protocol": "openai"}, "native is the form of MCP, and this route speaks openai"),
        ({"protocol": "a2a"}, "native is the form of MCP, and this route speaks a2a"),
        ({"protocol": "mcp", "mode": "check"}, "ext_authz, which asks on a route in mode check"),
        ({"protocol": "unjudged"}, "metadata has no effect on a route of protocol unjudged"),
    ],
)
def test_envoys_own_form_of_metadata_is_for_mcp_alone(
    route: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(changed("routes", **route, metadata="native"), tmp_path)
    assert [one for one in found if f"routes[0].metadata: {complaint}" in one]
    assert not [one for one in complaints(changed("routes", **route), tmp_path) if "native" in one]


@pytest.mark.parametrize("telling", ["gatehouse", "native", "off"])
def test_a_route_of_mcp_tells_what_it_likes(telling: str, tmp_path: Path) -> None:
    assert complaints(changed("routes", protocol="mcp", metadata=telling), tmp_path) == []
