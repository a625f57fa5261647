import pytest

from gateway.config.document import validate
from gateway.config.gie_config import EndpointPickerConfig
from tests.config.gie_case import HEAD, documents


def config(text: str) -> EndpointPickerConfig:
    (document,) = documents(text)
    found = validate(document, EndpointPickerConfig)
    assert isinstance(found, EndpointPickerConfig), found
    return found


def test_a_plugin_is_called_by_its_type_unless_it_has_a_name() -> None:
    found = config(f"{HEAD}plugins: [{{type: queue-scorer}}, {{name: q, type: queue-scorer}}]\n")
    assert [plugin.reference for plugin in found.plugins] == ["queue-scorer", "q"]


def test_the_older_group_and_older_sections_are_read() -> None:
    found = config("""\
apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
parser: {pluginRef: openai-parser}
data: {sources: []}
plugins: [{type: queue-scorer, parameters: null}]
""")
    assert found.parser is not None
    assert found.plugins[0].parameters is None


@pytest.mark.parametrize(
    ("gates", "on"),
    [
        ("[]", False),
        ("[flowControl]", True),
        ("[flowControl=true]", True),
        ("[flowControl=false]", False),
        ("[flowControl, flowControl=False]", False),
        ("[dataLayer]", False),
    ],
)
def test_a_feature_gate_is_on_when_it_is_named_unless_it_says_false(
    gates: str, *, on: bool
) -> None:
    assert config(f"{HEAD}featureGates: {gates}\n").gate("flowControl") is on


@pytest.mark.parametrize(
    "body",
    [
        "schedulingProfile: []",
        "plugins: [{type: queue-scorer, weight: 2}]",
        "plugins: [{name: q}]",
        "schedulingProfiles: [{name: x, plugins: [{pluginRef: q, weight: -1}]}]",
        "flowControl: {defaultRequestTTL: 60}",
        "flowControl: {defaultRequestTtl: 60s}",
        "flowControl: {maxBytes: lots}",
    ],
)
def test_what_llm_d_would_not_read_is_an_error(body: str) -> None:
    (document,) = documents(f"{HEAD}{body}\n")
    assert isinstance(validate(document, EndpointPickerConfig), tuple)
