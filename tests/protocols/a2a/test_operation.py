from importlib import import_module

from a2a.compat.v0_3.a2a_v0_3_pb2 import DESCRIPTOR as PROTO_03
from a2a.types.a2a_pb2 import DESCRIPTOR as PROTO_10

from gateway.policy.vocabulary import METHODS_OF
from gateway.protocols.a2a.operation import (
    ABOUT_TASKS,
    CALLS_03,
    CARD,
    METHODS_03,
    METHODS_10,
    SEND,
    STREAM,
    STREAMS,
)


def test_the_methods_are_those_of_the_official_sdk() -> None:
    sdk = import_module("a2a.server.routes.jsonrpc_dispatcher")
    assert set(sdk.JsonRpcDispatcher.METHOD_TO_MODEL) == METHODS_10
    assert set(sdk.JSONRPC03Adapter.METHOD_TO_MODEL) == set(METHODS_03)


def test_the_calls_are_those_of_the_services() -> None:
    ours = {"lf.a2a.v1.A2AService": METHODS_10, "a2a.v1.A2AService": set(CALLS_03)}
    for proto in (PROTO_10, PROTO_03):
        (service,) = proto.services_by_name.values()
        assert {method.name for method in service.methods} == ours[service.full_name]


def test_every_method_is_in_the_vocabulary() -> None:
    assert METHODS_10 | {CARD} == METHODS_OF["a2a"]
    assert set(METHODS_03.values()) | set(CALLS_03.values()) <= METHODS_10
    assert ABOUT_TASKS | STREAMS <= METHODS_10
    assert {SEND, STREAM, "ListTasks", "GetExtendedAgentCard"} == METHODS_10 - ABOUT_TASKS
