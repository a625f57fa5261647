"""Keys of code forges, package registries and builders. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.secrets.token import token

FORGES: Final[tuple[Kind, ...]] = (
    token(
        "github_token",
        "GitHub token",
        r"gh[pousr]_[A-Za-z0-9]{36}",
        r"gh[pousr]_[A-Za-z0-9]{37,251}",
        r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
        r"github_pat_\w{82}",
        opening=r"gh[pousr]_[A-Za-z0-9]{36}",
    ),
    token(
        "gitlab_token",
        "GitLab token",
        r"gl(?:pat|dt|cbt|ptt|ft|imt|agent|oas|soat|rt|rtr|ffct)-[\w\-]{20,64}",
        r"gl(?:pat|rt|cbt|dt|soat)-(?:t\d_)?[\w\-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}",
        r"GR1348941[\w\-]{20}",
        r"_gitlab_session=[0-9a-z]{32}",
        opening=r"gl(?:pat|rt|cbt|dt|soat)-[\w\-]{27}",
        longest=340,
    ),
    token(
        "bitbucket_token",
        "Bitbucket or Atlassian token",
        r"ATBB[A-Za-z0-9_=\-]{24,36}",
        r"ATATT3[A-Za-z0-9_\-=]{186}",
        r"ATCTT3[A-Za-z0-9_\-=]{60,200}",
        least=3.5,
        opening=r"AT(?:A|C)TT3[A-Za-z0-9]{4}",
    ),
    token("gitea_token", "Gitea or Forgejo token", r"gto_[a-z0-9]{52}"),
    token("npm_token", "npm token", r"npm_[A-Za-z0-9]{36}"),
    token(
        "pypi_token",
        "PyPI token",
        r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w\-]{50,1000}",
        longest=1040,
        opening=r"pypi-AgE",
    ),
    token("rubygems_token", "RubyGems key", r"rubygems_[a-f0-9]{48}"),
    token("nuget_key", "NuGet key", r"oy2[a-z0-9]{43}", least=3.2),
    token("clojars_token", "Clojars token", r"CLOJARS_[A-Za-z0-9]{60}"),
    token("cargo_token", "crates.io token", r"cio[A-Za-z0-9]{32}", least=4.0),
    token("dockerhub_token", "Docker Hub token", r"dckr_(?:pat|oat)_[\w\-]{27,32}"),
    token(
        "artifactory_token",
        "JFrog Artifactory key or reference token",
        r"AKCp[A-Za-z0-9]{69}",
        r"cmVmd[A-Za-z0-9]{59}",
        least=4.0,
    ),
    token(
        "sourcegraph_token",
        "Sourcegraph token",
        r"sgp_(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Fa-f0-9]{40}",
        least=3.0,
    ),
    token("sonar_token", "SonarQube or SonarCloud token", r"sq[upa]_[a-f0-9]{40}"),
    token("circleci_token", "CircleCI token", r"CCIPAT_[A-Za-z0-9]{22}_[a-f0-9]{40}"),
    token("buildkite_token", "Buildkite token", r"bkua_[a-z0-9]{40}"),
    token("octopus_key", "Octopus Deploy key", r"API-[A-Z0-9]{26}"),
    token(
        "harness_token",
        "Harness token",
        r"(?:pat|sat)\.[A-Za-z0-9_\-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
    ),
    token("snyk_token", "Snyk token", r"snyk_[us]at\.[0-9a-f]{8}\.[A-Za-z0-9_\-]{40,120}"),
    token("postman_key", "Postman key", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    token("readme_key", "ReadMe key", r"rdme_[a-z0-9]{70}"),
    token(
        "launchdarkly_key",
        "LaunchDarkly key",
        r"(?:sdk|mob|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    ),
    token("linear_key", "Linear key", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}"),
    token(
        "sentry_token", "Sentry token", r"sntry[us]_[A-Za-z0-9+/_=]{64,240}", opening="sntry[us]_"
    ),
    token("intra42_secret", "42 intra client secret", r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    token(
        "settlemint_token",
        "SettleMint token",
        r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}",
    ),
    token(
        "endorlabs_key",
        "Endor Labs key",
        r"endr\+[A-Za-z0-9\-]{16}",
    ),
)
