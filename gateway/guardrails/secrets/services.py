"""Keys of services for monitoring, data and work. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.secrets.token import token

SERVICES: Final[tuple[Kind, ...]] = (
    token(
        "grafana_token",
        "Grafana token or key",
        r"glc_[A-Za-z0-9+/]{32,400}={0,3}",
        r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
        r"eyJrIjoi[A-Za-z0-9]{70,400}={0,3}",
        least=3.2,
        longest=420,
        opening=r"glc_eyJ|eyJrIjoi",
    ),
    token(
        "newrelic_key",
        "New Relic key",
        r"NRAK-[A-Z0-9]{27}",
        r"NRJS-[a-f0-9]{19}",
        r"NRI[IQ]-[A-Za-z0-9\-]{32}",
    ),
    token("dynatrace_token", "Dynatrace token", r"dt0[a-z]\d\d\.[A-Z2-7]{24}\.[A-Z2-7]{64}"),
    token("datadog_key", "Datadog key", r"ddp(?:ub)?_[A-Za-z0-9]{32,36}", least=3.5),
    token(
        "notion_token",
        "Notion token",
        r"ntn_\d{11}[A-Za-z0-9]{35}",
        r"secret_[A-Za-z0-9]{43}",
        least=3.5,
    ),
    token("airtable_token", "Airtable token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    token("asana_token", "Asana token", r"[0-2]/\d{13,19}(?:/\d{13,19})?:[a-f0-9]{32}"),
    token("adobe_secret", "Adobe client secret", r"p8e-[A-Za-z0-9]{32}", least=3.5),
    token(
        "dropbox_token",
        "Dropbox token",
        r"sl\.[A-Za-z0-9_\-=]{130,400}",
        least=4.0,
        opening=r"sl\.[A-Za-z0-9_\-=]{60}",
        longest=410,
    ),
    token("typeform_token", "Typeform token", r"tfp_[\w.=\-]{59}"),
    token(
        "hubspot_key",
        "HubSpot private app token",
        r"pat-(?:na|eu)\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("figma_token", "Figma token", r"fig[dou]r?_[\w\-]{40}", least=3.8),
    token("contentful_token", "Contentful token", r"CFPAT-[\w\-]{43}"),
    token("maxmind_key", "MaxMind key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    token(
        "authress_key",
        "Authress key",
        r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_\-][a-z0-9\-]{10,32}\.[A-Za-z0-9+/_=\-]{30,120}",
    ),
    token("clickhouse_key", "ClickHouse Cloud key", r"4b1d[A-Za-z0-9]{38}", least=3.5),
    token(
        "defined_networking_token",
        "Defined Networking token",
        r"dnkey-[a-z0-9=_\-]{26}-[a-z0-9=_\-]{52}",
    ),
    token(
        "mapbox_token",
        "Mapbox secret token",
        r"sk\.eyJ[A-Za-z0-9_\-]{60,200}\.[A-Za-z0-9_\-]{22}",
        opening=r"sk\.eyJ",
    ),
    token(
        "tailscale_key",
        "Tailscale key",
        r"tskey-(?:auth|api|client|scim|webhook)?-?[A-Za-z0-9]{9,20}-[A-Za-z0-9]{20,40}",
    ),
    token("confluent_secret", "Confluent Cloud secret", r"cflt[A-Za-z0-9/+]{60}"),
    token("posthog_key", "PostHog personal key", r"phx_[A-Za-z0-9_]{43,50}"),
)
