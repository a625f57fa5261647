"""A guardrail of one's own over gRPC: blocks texts about a secret project, masks its number.

gateway.yaml names it as a provider: {name: own, grpc: {address: "127.0.0.1:9950", tls: false}}.
Elsewhere compile protos/guardrail.proto and serve its one method.
"""

import re
import sys

import grpc

from gateway.adapters.guardrails import guardrail_pb2 as pb
from gateway.adapters.guardrails.grpc_service import METHOD

NUMBER = re.compile(r"\bPRJ-[0-9]{4}\b")


async def check(request: pb.CheckRequest, _context: object) -> pb.CheckResponse:
    """Judges the texts of one message."""
    texts = [text.text for text in request.texts]
    if any("project nightfall" in text.lower() for text in texts):
        found = pb.Finding(category="secret_project", level=pb.HIGH)
        return pb.CheckResponse(action=pb.BLOCK, findings=[found])
    findings = [
        pb.Finding(category="project_number", text=at, start=match.start(), end=match.end())
        for at, text in enumerate(texts)
        for match in NUMBER.finditer(text)
    ]
    masked = [NUMBER.sub("[PROJECT_NUMBER]", text) for text in texts]
    action = pb.MASK if findings else pb.NONE
    return pb.CheckResponse(action=action, findings=findings, masked=masked if findings else ())


async def serve(address: str) -> tuple[grpc.aio.Server, int]:
    """A running server and its port."""
    service, _, method = METHOD[1:].partition("/")
    handler = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=pb.CheckRequest.FromString,
        response_serializer=pb.CheckResponse.SerializeToString,
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port(address)
    await server.start()
    return server, port


async def main(address: str) -> None:
    """Serve until interrupted."""
    server, _ = await serve(address)
    await server.wait_for_termination()


if __name__ == "__main__":
    import asyncio

    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9950"))
