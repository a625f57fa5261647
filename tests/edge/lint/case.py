"""Small files with a danger and without it. A line that is to be named ends with `# !`."""

import textwrap

from gateway.edge.lint.danger import Finding
from gateway.edge.lint.expected import Expected
from gateway.edge.lint.linting import all_dangers, lint_text

DEFAULTS = Expected()
_HTTP = "type.googleapis.com/envoy.extensions.filters.http"
_MANAGER = (
    "type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)


def filter_of(kind: str, config: str = "", name: str = "own", more: str = "") -> str:
    """An HTTP filter: the type after `envoy.extensions.filters.http`, lines of its typed_config,
    and `more` lines beside these."""
    head = f'- name: {name}\n  typed_config:\n    "@type": {_HTTP}.{kind}\n'
    return head + _indented(config, 4) + _indented(more, 2)


def asks(config: str = "", name: str = "gatehouse.ext_proc") -> str:
    """The ext_proc filter that asks the gateway, with lines of its typed_config."""
    service = (
        ""
        if "grpc_service:" in config
        else "grpc_service: {envoy_grpc: {cluster_name: gatehouse_workers}}\n"
    )
    return filter_of("ext_proc.v3.ExternalProcessor", service + _dedented(config), name)


def route(action: str = "", more: str = "", name: str = "mcp:tracker@tracker") -> str:
    """A route with lines of its action, and `more` lines beside these."""
    leads = "" if "cluster" in action else "cluster: tracker\n"
    head = f'- name: "{name}"\n  match: {{prefix: /}}\n  route:\n'
    return head + _indented(leads + _dedented(action), 4) + _indented(more, 2)


def bootstrap(
    filters: str = "",
    routes: str = "",
    fields: str = "",
    clusters: str = "",
    listener: str = "",
    host: str = "",
    top: str = "",
) -> str:
    """A bootstrap with one connection manager. Each part is lines of YAML: `fields` are of the
    manager, `host` of its virtual host, `top` of the bootstrap. Without `filters` it asks us."""
    return (
        "static_resources:\n"
        "  listeners:\n"
        "  - name: own\n" + _indented(listener, 4) + "    filter_chains:\n"
        "    - filters:\n"
        "      - typed_config:\n"
        f'          "@type": {_MANAGER}\n' + _indented(fields, 10) + "          route_config:\n"
        "            virtual_hosts:\n"
        "            - name: own\n"
        + _indented(host, 14)
        + ("              routes:\n" + _indented(routes, 14) if routes else "")
        + "          http_filters:\n"
        + _indented(filters or asks(), 10)
        + ("  clusters:\n" + _indented(clusters, 2) if clusters else "")
        + _dedented(top)
    )


def check(danger: str, broken: str, fixed: str, expected: Expected = DEFAULTS) -> None:
    """`broken` has the danger in its marked lines and nowhere else, `fixed` has it nowhere."""
    assert danger in {one.name for one in all_dangers()}
    marked = [
        number
        for number, line in enumerate(broken.splitlines(), 1)
        if line.rstrip().endswith("# !")
    ]
    assert marked, broken
    assert [one.place.line for one in found(danger, broken, expected)] == marked, broken
    assert [str(one) for one in found(danger, fixed, expected)] == []


def found(danger: str, text: str, expected: Expected = DEFAULTS) -> list[Finding]:
    """What is found of one danger."""
    findings: list[Finding] = []
    for one in lint_text(text, "own.yaml", expected):
        assert isinstance(one, Finding), (str(one), text)
        findings += [one] if one.danger == danger else []
    return findings


def _dedented(text: str) -> str:
    lines = textwrap.dedent(text).strip("\n")
    return f"{lines}\n" if lines else ""


def _indented(text: str, by: int) -> str:
    return textwrap.indent(_dedented(text), " " * by)
