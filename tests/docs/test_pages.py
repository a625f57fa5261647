import re
from dataclasses import replace

import yaml

from gateway.audit.record import Record
from gateway.cli.reference import reference_page
from gateway.model.call import Call, Deframed, Kind
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import (
    ANTHROPIC_FORMS,
    JSON_RPC_FORMS,
    OPENAI_FORMS,
    REST_FORMS,
    Reason,
)
from gateway.pipeline.disclosure import (
    LIST_LIMIT,
    LISTED_LIMIT,
    TEXT_LIMIT,
    TOLD,
    WITHHELD,
    Bounds,
    disclosed,
)
from gateway.pipeline.native_mcp import PARAM_LIMIT
from gateway.pipeline.told import RPC_ID_LIMIT, told
from gateway.policy import attributes_pb2
from tests.support.processes import ROOT

DOCS = ROOT / "docs"
MESSAGES = {"mcp": attributes_pb2.Mcp, "llm": attributes_pb2.Llm, "a2a": attributes_pb2.A2a}


def test_the_reference_is_what_the_types_say() -> None:
    assert (DOCS / "reference.md").read_text() == reference_page(), "run: make docs"


def test_the_table_of_refusals_is_the_one_in_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| (-\d+) \| (\d+) \| (\d+) \|$",
        (DOCS / "refusals.md").read_text(),
        re.MULTILINE,
    )
    assert {row[0]: tuple(map(int, row[1:])) for row in rows} == {
        reason.value: (form.code, form.status, form.status_without_id)
        for reason, form in JSON_RPC_FORMS.items()
    }


def test_the_table_of_other_protocols_refusals_is_the_one_in_the_code() -> None:
    page = (DOCS / "refusals.md").read_text()
    for reason in Reason:
        rest, openai = REST_FORMS[reason], OPENAI_FORMS[reason]
        anthropic = ANTHROPIC_FORMS[reason]
        row = (
            f"| `{reason.value}` | {rest.status} {rest.code} "
            f"| {openai.status} {openai.type} / {openai.code} "
            f"| {anthropic.status} {anthropic.type} |"
        )
        assert row in page


def test_the_page_on_metadata_says_of_every_attribute_what_the_code_does() -> None:
    page = (DOCS / "metadata.md").read_text()
    sections = re.split(
        r"^### `(\w+)`$", page.partition("\n## The form of Envoy's")[0], flags=re.MULTILINE
    )
    found = {
        variable: dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
        for variable, text in zip(sections[1::2], sections[2::2], strict=True)
    }
    wanted = {
        variable: {name: attribute_row(variable, name) for name in TOLD[variable].keys() | withheld}
        for variable, withheld in ((one, WITHHELD[one].keys()) for one in TOLD)
    }
    assert found == wanted


def attribute_row(variable: str, name: str) -> str:
    if name in WITHHELD[variable]:
        return f"no: {WITHHELD[variable][name]}"
    field = MESSAGES[variable].DESCRIPTOR.fields_by_name[name]
    kind = {field.TYPE_STRING: "string", field.TYPE_BOOL: "bool"}.get(field.type, "number")
    kind = f"list of {kind}s" if field.is_repeated else kind
    sample = "https://user@host.example:1/path?query"
    told = disclosed(
        Call(variable, "m", Kind.REQUEST, attributes={name: [sample]}), variable, Bounds()
    )
    one = disclosed(
        Call(variable, "m", Kind.REQUEST, attributes={name: sample}), variable, Bounds()
    )
    match told.get(name, one.get(name)):
        case ["https://host.example:1"]:
            return f"{kind}, scheme, host and port alone"
        case ["https://host.example:1/path"] | "https://host.example:1/path":
            return f"{kind}, without query"
        case _:
            return kind


def test_the_page_on_metadata_has_every_key_that_goes_out() -> None:
    page = (DOCS / "metadata.md").read_text()
    keys = page.partition("\n## The keys")[2].partition("\n## ")[0]
    named = {
        key
        for cell in re.findall(r"^\| (`.*?) \|", keys, re.MULTILINE)
        for key in re.findall(r"`(\w+)`", cell)
    }
    record = replace(
        Record("a", 0.0, 1, "d"), decision="allow", principal="p", principal_kind="key", policy="p",
        rule="r", shadow=("s",), target="t" * 300, batch=0, protocol="mcp", route="r", backend="b",
    )  # fmt: skip
    calls = (Call("mcp", "m", Kind.REQUEST, 1),)
    sent = {
        key
        for message in (Deframed(calls), Deframed(calls, batch=True))
        for key in as_object(told(record, message)["gatehouse"])
    }
    assert named == sent | {"llm", "a2a"}
    for limit in (TEXT_LIMIT, LIST_LIMIT, LISTED_LIMIT, RPC_ID_LIMIT, PARAM_LIMIT):
        assert str(limit) in page


def as_object(value: JsonValue) -> JsonObject:
    assert isinstance(value, dict)
    return value


def test_the_snippets_on_metadata_are_yaml() -> None:
    page = (DOCS / "metadata.md").read_text()
    snippets = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(snippets) == 5
    assert all(yaml.safe_load(one) for one in snippets)
