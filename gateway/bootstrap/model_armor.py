"""Model Armor's API of a configuration: what its templates name, and how workers serve it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from gateway.config.document import Document
from gateway.config.schema import Gateway, ListenerIdentity
from gateway.config.shape import nearest
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.provider import Direction
from gateway.identity.rules import compile_rules
from gateway.model.problem import Problem
from gateway.pipeline.examining import judges
from gateway.pipeline.snapshot import ModelArmorStage


def model_armor_stage(gateway: Gateway) -> ModelArmorStage | None:
    """How the API is served; None where it is not. ValueError for an identity that cannot work;
    OSError where certificate or key cannot be read."""
    server = gateway.service.model_armor
    if server is None:
        return None
    rules = compile_rules(ListenerIdentity(accept=server.accept), gateway.identity)
    digest = hashlib.sha256()
    for name in (server.certificate, server.key):
        content = Path(name).read_bytes() if name else b""
        digest.update(hashlib.sha256(content).digest())
    return ModelArmorStage(server, rules, digest.hexdigest())


def template_findings(
    gateway: Gateway, document: Document, book: GuardrailBook
) -> Iterator[Problem]:
    """An identity that cannot work, and templates that name no Guardrail, or one that judges
    neither prompts nor answers."""
    server = gateway.service.model_armor
    if server is None:
        return
    try:
        compile_rules(ListenerIdentity(accept=server.accept), gateway.identity)
    except ValueError as error:
        yield document.problem(("service", "model_armor", "accept"), str(error))
    for template, name in server.templates.items():
        path = ("service", "model_armor", "templates", template)
        if name not in book.guards:
            near = nearest(name, book.guards)
            fix = f'did you mean "{near}"?' if near else "name a Guardrail of the policies"
            yield document.problem(path, f"there is no Guardrail {name}", fix)
        elif not any(any(judges(book, name, one)) for one in Direction):
            message = f"the Guardrail {name} judges neither prompts nor answers"
            yield document.problem(path, message, "give it stage request, or response")
