import re

from gateway.cli.reference import reference_page
from gateway.model.refusal import (
    ANTHROPIC_FORMS,
    JSON_RPC_FORMS,
    OPENAI_FORMS,
    REST_FORMS,
    Reason,
)
from tests.support.processes import ROOT

DOCS = ROOT / "docs"


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
