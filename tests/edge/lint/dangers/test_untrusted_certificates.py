import pytest

from tests.edge.lint.case import bootstrap, check

CA = "trusted_ca: {filename: ca.pem}"


def tls(*lines: str) -> str:
    """A bootstrap whose filter chain has these lines in its TLS."""
    inner = "".join(f"          {line}\n" for line in lines)
    chain = "    - transport_socket:\n        typed_config:\n" + inner + "      filters:"
    return bootstrap().replace("    - filters:", chain)


@pytest.mark.parametrize("value", ["ACCEPT_UNTRUSTED", "1"])
@pytest.mark.parametrize("combined", [False, True])
def test_a_listener_that_takes_certificates_of_anybody_is_named(
    value: str, *, combined: bool
) -> None:
    def verifying(value: str, mark: str = "") -> str:
        context = f"{{{CA}, trust_chain_verification: {value}}}"
        inner = f"validation_context: {context}"
        if combined:
            inner = f"combined_validation_context: {{default_{inner}}}"
        return tls(f"common_tls_context: {{{inner}}}{mark}")

    check("untrusted-certificates", verifying(value, "  # !"), verifying("VERIFY_TRUST_CHAIN"))
