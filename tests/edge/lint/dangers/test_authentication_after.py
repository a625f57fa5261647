import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of

DANGER = "authentication-after"


@pytest.mark.parametrize(
    "kind",
    [
        "jwt_authn.v3.JwtAuthentication",
        "oauth2.v3.OAuth2",
        "api_key_auth.v3.ApiKeyAuth",
        "basic_auth.v3.BasicAuth",
    ],
)
def test_a_filter_that_authenticates_too_late_is_named(kind: str) -> None:
    late = filter_of(kind).replace("- name: own", "- name: own  # !")
    check(DANGER, bootstrap(asks() + late), bootstrap(filter_of(kind) + asks()))


def test_an_ext_authz_that_adds_headers_is_authentication_and_one_that_decides_is_not() -> None:
    def after(response: str) -> str:
        service = f"http_service: {{authorization_response: {{{response}}}}}"
        checker = filter_of("ext_authz.v3.ExtAuthz", service)
        return bootstrap(asks() + checker.replace("- name: own", "- name: own  # !"))

    check(DANGER, after("allowed_upstream_headers: {patterns: [{exact: x-user}]}"), after(""))
