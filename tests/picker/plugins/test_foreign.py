from pathlib import Path

from gateway.config.document import Document, parse_documents
from gateway.config.gie import Gie
from gateway.picker.plugins.foreign import read_foreign

HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"


def read(text: str) -> Gie:
    documents = parse_documents(HEAD + text, "epp.yaml", {}, Path())
    return read_foreign([found for found in documents if isinstance(found, Document)])


def test_a_right_configuration_has_a_spec_and_no_problems() -> None:
    (picker,) = read("plugins: [{type: queue-scorer}]\n").pickers
    assert picker.spec is not None
    assert picker.problems == ()


def test_a_value_that_a_plugin_does_not_take_is_told_where_it_stands() -> None:
    found = read("""\
plugins:
- type: prefix-cache-affinity-filter
  parameters:
    affinityThreshold: 1.8
    stickiness: 3
- type: session-affinity-scorer
  parameters: {strategy: session_id, sessionIdConfig: {evictionTtlSeconds: never}}
""")
    assert [str(problem) for problem in found.problems] == [
        (
            "epp.yaml:7:17: error: plugins[0].parameters.stickiness: "
            '"prefix-cache-affinity-filter" has no parameter "stickiness", neither here nor '
            "in llm-d v0.10 (remove it)"
        ),
        (
            "epp.yaml:6:24: error: plugins[0].parameters.affinityThreshold: input should be less "
            "than or equal to 1"
        ),
        "epp.yaml:9:15: error: plugins[1].parameters.ttl: input should be a valid number",
    ]
    (picker,) = found.pickers
    assert picker.spec is None
    assert picker.problems == found.problems
