"""Keys of clouds and of those who host. Pure: no I/O, no clock."""

from dataclasses import replace
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.entropy import entropy
from gateway.guardrails.secrets.placeholder import is_placeholder, is_repetitive
from gateway.guardrails.secrets.token import ASSIGN, CERTAIN, LIKELY, keyed, token

_SECRET_KEY: Final = 4.0
_CLIENT_SECRET: Final = 3.5


def _aws_secret(candidate: Candidate) -> float | None:
    text = candidate.text
    if candidate.after[:1].isalnum() or candidate.after[:1] in {"/", "+"} or is_placeholder(text):
        return None
    classes = any(c.isupper() for c in text) and any(c.islower() for c in text)
    mixed = classes and any(c.isdigit() for c in text)
    return CERTAIN if mixed and entropy(text) >= _SECRET_KEY else None


def _bedrock(candidate: Candidate) -> float | None:
    return None if candidate.after[:1].isalnum() else CERTAIN


def _client_secret(candidate: Candidate) -> float | None:
    """Begins with what may be no letter, so that its own neighbours tell whether it is whole."""
    around = candidate.before[-1:] + candidate.after[:1]
    if any(c.isalnum() or c in "~-@," for c in around) or is_repetitive(candidate.text):
        return None
    return CERTAIN if entropy(candidate.text) >= _CLIENT_SECRET else None


def _service_account(candidate: Candidate) -> float | None:
    del candidate
    return LIKELY


_AWS_SECRET: Final = Kind(
    "aws_secret_key",
    "AWS secret access key",
    (
        Pattern(
            name="aws_secret_key",
            regex=r"(?:aws|secret_?access|amazon|s3)[\w.\-]{0,20}(?:key|secret)[\w.\-]{0,8}"
            + ASSIGN
            + r"([A-Za-z0-9/+]{40})",
            category="aws_secret_key",
            group=1,
            caseless=True,
            validate=_aws_secret,
        ),
    ),
)
_BEDROCK: Final = token(
    "aws_bedrock_key",
    "Amazon Bedrock API key",
    r"ABSK[A-Za-z0-9+/]{109,269}={0,2}",
    r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[A-Za-z0-9+/=]{0,200}",
    longest=300,
    opening=r"ABSKQmVk|bedrock-api-key-YmVk",
)

CLOUDS: Final[tuple[Kind, ...]] = (
    token(
        "aws_access_key",
        "AWS access key id",
        r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}",
    ),
    _AWS_SECRET,
    replace(_BEDROCK, patterns=tuple(replace(p, validate=_bedrock) for p in _BEDROCK.patterns)),
    token("gcp_api_key", "Google API key", r"AIza[\w\-]{35}", least=3.5),
    token(
        "gcp_oauth_token", "Google OAuth access token", r"ya29\.[\w\-]{30,220}", opening=r"ya29\."
    ),
    token("gcp_oauth_secret", "Google OAuth client secret", r"GOCSPX-[\w\-]{28}"),
    token("gcp_refresh_token", "Google OAuth refresh token", r"1//0[\w\-]{40,110}", least=4.0),
    Kind(
        "gcp_service_account",
        "key file of a Google service account",
        (
            Pattern(
                name="gcp_service_account",
                regex=r"\"type\\?\"\s{0,4}:\s{0,4}\\?\"service_account\\?\"",
                category="gcp_service_account",
                validate=_service_account,
            ),
        ),
    ),
    Kind(
        "azure_client_secret",
        "client secret of Microsoft Entra ID",
        (
            Pattern(
                name="azure_client_secret",
                regex=r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34}",
                category="azure_client_secret",
                validate=_client_secret,
            ),
        ),
    ),
    Kind(
        "azure_storage_key",
        "Azure account key, shared access key or signature",
        (
            keyed("azure_account_key", "azure_storage_key", "accountkey", r"[A-Za-z0-9+/]{86}=="),
            keyed(
                "azure_shared_key",
                "azure_storage_key",
                "sharedaccesskey|accesskey|functionkey",
                r"[A-Za-z0-9+/]{43}=",
            ),
            Pattern(
                name="azure_sas",
                regex=r"[?&]sig=([A-Za-z0-9%+/]{43,70}(?:%3D|=))",
                category="azure_storage_key",
                group=1,
                score=CERTAIN,
            ),
        ),
    ),
    token("alibaba_access_key", "Alibaba Cloud access key id", r"LTAI[A-Za-z0-9]{17,21}"),
    token("tencent_secret_id", "Tencent Cloud secret id", r"AKID[A-Za-z0-9]{32}", least=3.5),
    token(
        "yandex_key",
        "Yandex Cloud key or token",
        r"AQVN[\w\-]{35,38}",
        r"t1\.[A-Z0-9a-z_\-]{10,100}={0,2}\.[A-Z0-9a-z_\-]{86}={0,2}",
        r"YC[\w\-]{38}",
        least=3.5,
        opening=r"t1\.[A-Z0-9a-z_\-]{10}",
    ),
    token("digitalocean_token", "DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}"),
    token("heroku_key", "Heroku API key", r"HRKU-AA[\w\-]{58}"),
    token(
        "flyio_token",
        "Fly.io token",
        r"fo1_[\w\-]{43}",
        r"fm[12][ar]?_[A-Za-z0-9+/]{100,300}={0,3}",
        least=4.0,
        longest=320,
        opening=r"fm[12][ar]?_",
    ),
    token("scalingo_token", "Scalingo token", r"tk-us-[\w\-]{48}"),
    token(
        "cloudflare_key",
        "Cloudflare origin CA key",
        r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
        opening=r"v1\.0-[a-f0-9]{8}",
    ),
    token("netlify_token", "Netlify token", r"nfp_[A-Za-z0-9_\-]{36}"),
    token("render_key", "Render API key", r"rnd_[A-Za-z0-9]{28,40}"),
    token("supabase_key", "Supabase key", r"sb(?:p|_secret)_[A-Za-z0-9_\-]{31,48}"),
    token(
        "planetscale_key",
        "PlanetScale password or token",
        r"pscale_(?:pw|tkn|oauth)_[\w=.\-]{32,64}",
    ),
    token("databricks_token", "Databricks token", r"dapi[a-f0-9]{32}(?:-\d)?"),
    token("pulumi_token", "Pulumi token", r"pul-[a-f0-9]{40}"),
    token(
        "terraform_token",
        "HCP Terraform token",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9\-_=]{60,70}",
        least=3.5,
    ),
    token(
        "vault_token",
        "HashiCorp Vault token",
        r"hv[sbr]\.[\w\-]{90,300}",
        r"hv[sbr]\.[A-Za-z0-9]{24}",
        least=3.5,
        longest=310,
        opening=r"hv[sbr]\.[\w\-]{24}",
    ),
    token(
        "doppler_token", "Doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._\-]{40,64}"
    ),
    token("infracost_key", "Infracost API key", r"ico-[A-Za-z0-9]{32}", least=3.5),
    token(
        "prefect_key",
        "Prefect API key",
        r"pn[ub]_[A-Za-z0-9]{36}",
    ),
    token("openshift_token", "OpenShift user token", r"sha256~[\w\-]{43}", least=3.8),
    token(
        "age_secret_key",
        "age secret key",
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    ),
    token(
        "onepassword_token",
        "1Password service account token or secret key",
        r"ops_eyJ[A-Za-z0-9+/]{247,1000}={0,3}",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
        least=3.6,
        longest=1024,
        opening=r"ops_eyJ",
    ),
)
