"""docs/picker-protocol.md: what is pasted from it is what the tests run, and its names are ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.bootstrap.load import load
from gateway.config.picker_protocol import PickerProtocol
from gateway.config.wiring import DESTINATION, LB_NAMESPACE, POOL_HEADER, SERVED, SUBSET_NAMESPACE
from gateway.extproc.replies import DUPLEX_PIECE
from gateway.model.placement import Drop
from gateway.pipeline.foreign import BASE_MODEL_HEADER, CREDENTIALS, MODEL_HEADER
from gateway.pipeline.hints import SUBSET
from gateway.pipeline.picking import DROPPED, PREFILLER
from gateway.server.service import LIVENESS, READY
from tests.envoy.picker_stage import DUPLEX, ext_proc, original_dst, override_host
from tests.support.gatehouse import allow
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "picker-protocol.md").read_text()


def block(title: str) -> Any:
    """The YAML block that begins with this comment."""
    found = re.search(rf"```yaml\n(# {title}\n.*?)```", PAGE, re.DOTALL)
    assert found is not None, title
    return yaml.safe_load(found[1])


def test_the_filter_is_the_one_that_is_tested() -> None:
    assert block("ext_proc") == ext_proc(DUPLEX, failure_mode_allow=False)


def test_the_clusters_are_those_that_are_tested() -> None:
    tested = override_host([])
    del tested["load_assignment"]
    assert block("override_host") == tested
    assert block("original_dst") == original_dst()


def test_the_example_is_right(tmp_path: Path) -> None:
    rest = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "main", "port": 8080, "identity": {"accept": ["anonymous"]}}],
    }
    (tmp_path / "gateway.yaml").write_text(json.dumps(rest | block(r"gateway\.yaml")))
    (tmp_path / "policies").mkdir()
    policy = json.dumps(allow("use", "models", models=["*"]))
    (tmp_path / "policies" / "use.yaml").write_text(policy)
    picks = load(tmp_path / "gateway.yaml", {}).gateway.service.endpoint_picker
    assert picks is not None
    assert picks.route == "models"


def test_every_key_is_listed() -> None:
    section = PAGE.partition("| key of `service.endpoint_picker` |")[2].partition("\n\n")[0]
    keys = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert keys == list(PickerProtocol.model_fields)


@pytest.mark.parametrize(
    "name",
    [
        DESTINATION,
        SUBSET,
        SERVED,
        LB_NAMESPACE,
        SUBSET_NAMESPACE,
        MODEL_HEADER,
        BASE_MODEL_HEADER,
        POOL_HEADER,
        PREFILLER,
        DROPPED,
        LIVENESS,
        *filter(None, READY),
    ],
)
def test_every_name_that_goes_over_is_listed(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_reasons_and_bounds_are_those_of_the_code() -> None:
    reasons = set(re.findall(r"^\| (?:503|429) \| `([\w-]+)` \|", PAGE, re.MULTILINE))
    assert reasons <= {drop.value for drop in Drop}
    assert {drop.value for drop in Drop if drop.value.startswith("rejected")} - reasons == {
        Drop.GONE.value  # nobody is there to be told
    }
    assert f"at most {DUPLEX_PIECE:,} bytes" in re.sub(r"\s+", " ", PAGE)
    row = next(line for line in PAGE.splitlines() if line.startswith("| `credentials`"))
    for name in CREDENTIALS[:-1]:
        assert name in row
