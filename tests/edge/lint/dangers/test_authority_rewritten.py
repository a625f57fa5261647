import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of

DANGER = "authority-rewritten"


def rewrites(name: str) -> str:
    return f"""
        mutations:
          request_mutations:
          - append:
              header:
                key: "{name}"  # !
                value: elsewhere
        """


@pytest.mark.parametrize("name", [":authority", "Host", ":path"])
def test_a_filter_that_changes_the_target_before_the_verdict_is_named(name: str) -> None:
    kind = "header_mutation.v3.HeaderMutation"
    before = filter_of(kind, rewrites(name)) + asks()
    check(DANGER, bootstrap(before), bootstrap(asks() + filter_of(kind, rewrites(name))))


def test_early_mutations_are_before_everything() -> None:
    def early(name: str) -> str:
        return bootstrap(
            fields=f"""
            early_header_mutation_extensions:
            - typed_config:
                mutations:
                - append:
                    header:
                      key: "{name}"  # !
            """
        )

    check(DANGER, early(":authority"), early("x-request-start"))


def test_a_foreign_processor_that_may_do_so_is_named() -> None:
    def foreign(value: str) -> str:
        rules = f"mutation_rules:\n  allow_all_routing: {value}"
        return bootstrap(filter_of("ext_proc.v3.ExternalProcessor", rules) + asks())

    check(DANGER, foreign("true  # !"), foreign("false"))
