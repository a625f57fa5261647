"""What `gatehouse up` prints when it is ready: where, by which policy, and what to try."""

from rich.console import Console

from gateway.bootstrap import Loaded
from gateway.model.jsonvalue import JsonObject

DEMO_CALL = """curl -s {url} -H 'x-api-key: demo-key' -H 'content-type: application/json' \\
  -H 'accept: application/json, text/event-stream' -H 'mcp-protocol-version: 2026-07-28' \\
  -H 'mcp-method: {method}'{name} -d '{body}'"""
EXPLAIN = """gatehouse explain -c demo/gateway.yaml --route tracker --principal key:demo \\
  --method tools/call --name delete_repo"""
META = (
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    '"io.modelcontextprotocol/clientCapabilities":{}}'
)


def banner(loaded: Loaded, document: JsonObject, *, demo: bool) -> None:
    """Print listeners, routes and policies, and in the demo commands to paste."""
    console = Console(highlight=False)
    console.print("[bold green]ready[/]", f"admin {document['admin']}")
    routes = document["routes"]
    for route in routes if isinstance(routes, list) else []:
        if isinstance(route, dict):
            console.print(
                f"  {route['url']}  {route['protocol']} -> {route['backend']}", markup=False
            )
    names = ", ".join(source.model.metadata.name for source in loaded.sources) or "none: all denied"
    console.print(f"policies in {loaded.gateway.policies}: {names}", markup=False)
    for warning in loaded.warnings:
        console.print(str(warning), style="yellow", markup=False)
    if demo and isinstance(routes, list) and routes and isinstance(routes[0], dict):
        for title, command in demo_commands(str(routes[0]["url"])):
            console.print(f"\n# {title}", style="bold", markup=False)
            console.print(command, markup=False, soft_wrap=True)
    console.print("\nCtrl-C stops everything.")


def demo_commands(url: str) -> list[tuple[str, str]]:
    """Things to paste while the demo runs: (what it shows, command)."""
    return [
        ("an allowed call", _call(url, "tools/call", "whoami", "{}")),
        (
            "a refused one",
            _call(url, "tools/call", "delete_repo", '{"owner":"acme","repo":"website"}'),
        ),
        ("a list that shows only what is allowed", _list(url)),
        (
            "why",
            EXPLAIN,
        ),
    ]


def _call(url: str, method: str, tool: str, arguments: str) -> str:
    params = f'{{"name":"{tool}","arguments":{arguments},{META}}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'
    return DEMO_CALL.format(url=url, method=method, name=f" -H 'mcp-name: {tool}'", body=body)


def _list(url: str) -> str:
    body = f'{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{META}}}}}'
    return DEMO_CALL.format(url=url, method="tools/list", name="", body=body)
