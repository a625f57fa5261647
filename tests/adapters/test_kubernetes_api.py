from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.kubernetes_api import (
    Access,
    GoneError,
    KubernetesError,
    MissingError,
    access_of,
)
from gateway.config.pool import Kubernetes
from tests.adapters.kubernetes_cluster import Cluster, pod
from tests.support.certificates import Authority

PODS = "/api/v1/namespaces/models/pods"
HERE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The files of a service account."""
    for name, text in (("token", "abc"), ("namespace", "models"), ("ca.crt", "-")):
        (tmp_path / name).write_text(text)
    return tmp_path


def section(**what: Any) -> Kubernetes:
    return Kubernetes(inference_pool="llama", **what)


def test_a_pod_knows_its_own_cluster(mounted: Path) -> None:
    assert access_of(section(), HERE, mounted) == Access(
        "https://10.0.0.1:6443", "models", mounted / "token", str(mounted / "ca.crt")
    )
    six = {**HERE, "KUBERNETES_SERVICE_HOST": "fd00::1"}
    assert access_of(section(), six, mounted).url == "https://[fd00::1]:6443"
    assert access_of(section(namespace="other"), HERE, mounted).namespace == "other"
    assert access_of(section(ca="/own.pem"), HERE, mounted).ca == "/own.pem"
    assert access_of(section(token_file="/own"), HERE, mounted).token_file == Path("/own")


def test_another_cluster_is_as_the_section_says(tmp_path: Path) -> None:
    there = section(server="https://k.example", namespace="prod", token_file="/t")
    assert access_of(there, HERE, tmp_path) == Access("https://k.example", "prod", Path("/t"), None)


@pytest.mark.parametrize("text", ["", "a/../b", "two words", "Upper", "ü"])
def test_a_namespace_that_is_none_is_not_asked_for(text: str, mounted: Path) -> None:
    (mounted / "namespace").write_text(text)
    with pytest.raises(KubernetesError, match="namespace file holds none"):
        access_of(section(), HERE, mounted)


@pytest.mark.parametrize("host", ["", "a/b", "user@host"])
def test_outside_of_a_cluster_there_is_no_access(host: str, mounted: Path) -> None:
    with pytest.raises(KubernetesError, match="KUBERNETES_SERVICE_HOST"):
        access_of(section(), {"KUBERNETES_SERVICE_HOST": host}, mounted)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(Authority(tmp_path).server("127.0.0.1"))
    await cluster.open()
    (tmp_path / "token").write_text("first")
    yield cluster
    await cluster.close()


def reach(cluster: Cluster, folder: Path, ca: str = "ca.pem") -> Access:
    url = f"https://127.0.0.1:{cluster.port}"
    return Access(url, "models", folder / "token", str(folder / ca))


async def test_a_page_has_its_objects_and_where_the_list_goes_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.apply(*(pod(name, "10.4.0.1") for name in "abc"))
    async with reach(cluster, tmp_path).connected() as api:
        page = await api.page(PODS, {"limit": "2"})
        rest = await api.page(PODS, {"limit": "2", "continue": page.more})
    assert (len(page.items), len(rest.items), rest.more) == (2, 1, "")
    assert page.version == str(cluster.version)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "\u00fc", "x" * 70_000])
async def test_a_token_that_is_none_is_not_sent_and_not_quoted(
    token: str, cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token)
    async with reach(cluster, tmp_path).connected() as api:
        with pytest.raises(KubernetesError) as raised:
            await api.page(PODS, {"limit": "2"})
    assert str(raised.value) == "its token file holds none"
    assert cluster.refused == 0


async def test_a_token_that_is_away_is_said(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "token").unlink()
    async with reach(cluster, tmp_path).connected() as api:
        with pytest.raises(KubernetesError, match="token cannot be read: No such file"):
            await api.page(PODS, {"limit": "2"})


async def test_an_encoding_that_nobody_asked_for_is_not_read(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.more = "content-encoding: gzip\r\n"
    async with reach(cluster, tmp_path).connected() as api:
        with pytest.raises(KubernetesError, match="content encoding"):
            await api.page(PODS, {"limit": "2"})


async def test_a_kind_that_nobody_installed_is_told_apart(cluster: Cluster, tmp_path: Path) -> None:
    async with reach(cluster, tmp_path).connected() as api:
        with pytest.raises(MissingError, match="answered with HTTP 404"):
            await api.page(PODS.replace("pods", "unknowns"), {"limit": "2"})


async def test_a_ca_that_is_away_is_said(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(KubernetesError, match="its CA cannot be read: FileNotFoundError"):
        async with reach(cluster, tmp_path, "no.pem").connected():
            pass
    assert cluster.connections == 0


async def test_a_page_of_a_list_that_is_forgotten_is_told_apart(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.status = 410
    async with reach(cluster, tmp_path).connected() as api:
        with pytest.raises(GoneError):
            await api.page(PODS, {"limit": "2", "continue": "old"})


@pytest.mark.parametrize("begins", [False, True])
async def test_an_answer_that_does_not_come_is_not_waited_for(
    begins: bool, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.hangs, cluster.begins = True, begins
    access = replace(reach(cluster, tmp_path), patience=0.1)
    async with access.connected() as api:
        with pytest.raises(KubernetesError, match="cannot be reached: TimeoutError"):
            await api.page(PODS, {"limit": "2"})


async def test_a_watch_that_does_not_begin_is_not_waited_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.hangs = True
    access = replace(reach(cluster, tmp_path), patience=0.1)
    async with access.connected() as api:
        with pytest.raises(KubernetesError, match="cannot be reached: TimeoutError"):
            await anext(api.watch(PODS, {"watch": "1", "resourceVersion": "1"}))
