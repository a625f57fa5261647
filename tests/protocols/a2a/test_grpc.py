import pytest
from a2a.helpers import new_text_message
from a2a.types.a2a_pb2 import GetTaskRequest, Role, SendMessageRequest

from gateway.model.call import Call
from gateway.model.head import Headers
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.grpc import deframed
from gateway.protocols.a2a.operation import V10, Binding, Operation
from tests.protocols.a2a.clients import GRPC, Lines, framed

SENT = SendMessageRequest(message=new_text_message("hello", role=Role.ROLE_USER))
SENT.message.message_id = "m-1"
MESSAGE = SENT.SerializeToString()


def of(method: str, body: bytes, lines: Lines = GRPC) -> Call | Refusal:
    operation = Operation(method, V10)
    return deframed(operation, Headers(lines), body, Client(Binding.GRPC, V10, operation), "triage")


def test_a_message_is_told_as_in_json() -> None:
    found = of("SendMessage", framed(MESSAGE))
    assert isinstance(found, Call), found
    assert found.attributes["binding"] == "grpc"
    assert found.attributes["message_id"] == SENT.message.message_id
    assert (found.attributes["role"], found.attributes["text_bytes"]) == ("user", 5)
    assert (found.target, found.id) == ("triage", None)


@pytest.mark.parametrize(
    ("method", "body", "lines", "reason"),
    [
        ("SendMessage", framed(MESSAGE), (), Reason.UNSUPPORTED_MEDIA),
        (
            "SendMessage",
            framed(MESSAGE),
            (("content-type", "application/grpc+json"),),
            Reason.UNSUPPORTED_MEDIA,
        ),
        (
            "SendMessage",
            framed(MESSAGE),
            (("content-type", "application/grpc-web"),),
            Reason.UNSUPPORTED_MEDIA,
        ),
        ("SendMessage", b"\1" + framed(MESSAGE)[1:], GRPC, Reason.UNSUPPORTED_MEDIA),
        ("SendMessage", framed(MESSAGE) * 2, GRPC, Reason.PARSE_ERROR),
        ("SendMessage", MESSAGE, GRPC, Reason.PARSE_ERROR),
        ("SendMessage", b"", GRPC, Reason.PARSE_ERROR),
        ("SendMessage", framed(MESSAGE[:-1]), GRPC, Reason.INVALID_PARAMS),
        ("SendMessage", framed(b""), GRPC, Reason.INVALID_PARAMS),
        (
            "GetTask",
            framed(GetTaskRequest(history_length=1).SerializeToString()),
            GRPC,
            Reason.INVALID_PARAMS,
        ),
        ("GetExtendedAgentCard", framed(b""), GRPC, Reason.UNKNOWN_METHOD),
    ],
)
def test_what_is_not_one_whole_request_is_refused(
    method: str, body: bytes, lines: Lines, reason: Reason
) -> None:
    found = of(method, body, lines)
    assert isinstance(found, Refusal)
    assert found.reason is reason


def test_the_codec_may_be_named() -> None:
    found = of("SendMessage", framed(MESSAGE), (("content-type", "application/grpc+proto"),))
    assert isinstance(found, Call)
