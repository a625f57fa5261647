"""Credentials inside addresses of services. Pure: no I/O, no clock.

RFC 3986 section 3.2.1 has user and password before the host of a URL; drivers of databases take
the same form.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.placeholder import is_placeholder
from gateway.guardrails.secrets.token import LIKELY

_DATABASES: Final = (
    r"postgres(?:ql)?(?:\+\w{1,20})?|mysql(?:\+\w{1,20})?|mariadb(?:\+\w{1,20})?"
    r"|mssql(?:\+\w{1,20})?|mongodb(?:\+srv)?|rediss?|amqps?|clickhouse|cockroachdb|oracle"
    r"|sqlserver|snowflake|kafka|nats|ldaps?|smtps?|jdbc:\w{1,20}"
)
_REST: Final = r"://[!$-&(-.0-9;=A-Z\[-~]{0,80}:([!$-&(-.0-;=A-Z\[-~]{3,120})@[\w\[]"
_FEWEST_KINDS: Final = 4


def _password(candidate: Candidate) -> float | None:
    text = candidate.text
    if is_placeholder(text) or text.isdigit():
        return None
    return LIKELY if len(set(text)) >= _FEWEST_KINDS else None


def _address(category: str, summary: str, schemes: str) -> Kind:
    pattern = Pattern(
        name=category,
        regex=rf"\b(?:{schemes}){_REST}",
        category=category,
        group=1,
        caseless=True,
        validate=_password,
    )
    return Kind(category, summary, (pattern,))


ADDRESSED: Final[tuple[Kind, ...]] = (
    _address("url_password", "password in a URL", r"https?|ftps?|sftp|ssh|git|svn|wss?"),
    _address("connection_string", "password in the address of a database or broker", _DATABASES),
)
