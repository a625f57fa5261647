from demo.guardrail_server import serve
from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import PASSED, ProviderAction, ProviderFinding, ProviderVerdict
from gateway.model.finding import Level
from tests.adapters.guardrails.asked import provider, question


async def asked(*texts: str) -> ProviderVerdict:
    server, port = await serve("127.0.0.1:0")
    one = opened(provider("grpc", {"address": f"127.0.0.1:{port}", "tls": False}))
    try:
        return await one.ask(question(*texts))
    finally:
        await one.close()
        await server.stop(None)


async def test_the_example_blocks_what_is_secret() -> None:
    verdict = await asked("hello", "about Project Nightfall")
    assert verdict.action is ProviderAction.BLOCK
    assert [one.category for one in verdict.findings] == ["secret_project"]


async def test_the_example_masks_numbers() -> None:
    assert await asked("see PRJ-1234", "fine") == ProviderVerdict(
        ProviderAction.MASK,
        (ProviderFinding("project_number", Level.HIGH, 0, (4, 12)),),
        ("see [PROJECT_NUMBER]", "fine"),
    )


async def test_the_example_lets_the_rest_pass() -> None:
    assert await asked("hello") == PASSED
