from pathlib import Path
from typing import Any

from gateway.config.backend import Backend
from tests.config.case import inspected, right


def settled_backend(folder: Path, **backend: Any) -> Backend:
    value = right()
    value["backends"][0] = {"name": "tracker", **backend}
    gateway = inspected(value, folder).gateway
    assert gateway is not None
    return gateway.backends[0]


def test_a_url_says_endpoint_host_path_and_tls(tmp_path: Path) -> None:
    backend = settled_backend(tmp_path, url="https://API.example/v1")
    assert backend.endpoints == ("api.example:443",)
    assert (backend.host, backend.path) == ("api.example", "/v1")
    assert backend.tls is not None
    assert (backend.tls.server_name, backend.tls.ca) == ("api.example", None)
    assert not backend.private


def test_another_port_belongs_to_the_host_header_but_not_to_the_certificate(tmp_path: Path) -> None:
    backend = settled_backend(tmp_path, url="https://api.example:8443")
    assert backend.endpoints == ("api.example:8443",)
    assert (backend.host, backend.path) == ("api.example:8443", "/")
    assert backend.tls is not None
    assert backend.tls.server_name == "api.example"


def test_a_server_elsewhere_is_looked_at_less_often_unless_that_is_wanted(tmp_path: Path) -> None:
    url = "https://api.example/"
    assert settled_backend(tmp_path, url=url).health_interval == 10
    assert settled_backend(tmp_path, url=url, health_interval=2).health_interval == 2


def test_a_backend_without_url_stays_as_it_is(tmp_path: Path) -> None:
    backend = settled_backend(tmp_path, endpoints=["10.0.0.1:80"], host="a", path="/b")
    assert backend == Backend(name="tracker", endpoints=("10.0.0.1:80",), host="a", path="/b")
