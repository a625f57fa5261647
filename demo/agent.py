"""A demo agent on the official A2A SDK: `python -m demo.agent --port 9101 --name replica-a`.

It speaks JSON-RPC and REST of A2A 1.0 and 0.3 on one URL and repeats what it is told, a word at a
time, as the artifact of a task; a message that begins with "wait" has a task that works until it is
cancelled. Start it twice with different names to have two replicas: every answer begins with the
name of the replica that gave it, and a task lives in the replica that began it.

It has no access control of any kind, so that what the gateway adds is easy to see.
"""

import argparse
import asyncio
import logging

from a2a.helpers import get_message_text, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import InMemoryPushNotificationConfigStore, InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Task,
    TaskState,
    TaskStatus,
)
from starlette.applications import Starlette
from typing_extensions import override

from demo.serving import listen, serve

WAIT = "wait"
BINDINGS = ("JSONRPC", "HTTP+JSON")
VERSIONS = ("1.0", "0.3")


class Repeating(AgentExecutor):
    """The agent's own work."""

    def __init__(self, replica: str) -> None:
        """The agent of the replica of that name."""
        self._replica = replica

    @override
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        task, conversation, message = context.task_id, context.context_id, context.message
        if task is None or conversation is None or message is None:
            raise ValueError("a request without a task")
        text = get_message_text(message)
        working = TaskStatus(state=TaskState.TASK_STATE_WORKING)
        await event_queue.enqueue_event(
            Task(id=task, context_id=conversation, status=working, history=[message])
        )
        updater = TaskUpdater(event_queue, task, conversation)
        if text.startswith(WAIT):
            await asyncio.Event().wait()
        words = [f"{self._replica}:", *text.split()]
        for index, word in enumerate(words):
            await updater.add_artifact(
                [new_text_part(word)],
                artifact_id="answer",
                name="answer",
                append=index > 0,
                last_chunk=index == len(words) - 1,
            )
        await updater.complete()

    @override
    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        if context.task_id is None or context.context_id is None:
            raise ValueError("a request without a task")
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def card_of(url: str, description: str) -> AgentCard:
    """The card of an agent that is reached at `url`."""
    return AgentCard(
        name="repeater",
        description=description,
        version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
            for version in VERSIONS
            for binding in BINDINGS
        ],
        capabilities=AgentCapabilities(
            streaming=True, push_notifications=True, extended_agent_card=True
        ),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[
            AgentSkill(
                id="repeat",
                name="Repeat",
                description="Repeats what it is told.",
                tags=["demo"],
                examples=["hello"],
            )
        ],
    )


def build_handler(replica: str, url: str) -> DefaultRequestHandler:
    """What every binding of `replica` leads to."""
    return DefaultRequestHandler(
        agent_executor=Repeating(replica),
        task_store=InMemoryTaskStore(),
        agent_card=card_of(url, "Repeats what it is told."),
        push_config_store=InMemoryPushNotificationConfigStore(),
        extended_agent_card=card_of(url, "Repeats what it is told, and says so to friends."),
    )


def build_app(replica: str, url: str) -> Starlette:
    """The application that `replica` runs, announced at `url`."""
    handler = build_handler(replica, url)
    return Starlette(
        routes=[
            *create_agent_card_routes(card_of(url, "Repeats what it is told.")),
            *create_jsonrpc_routes(handler, rpc_url="/", enable_v0_3_compat=True),
            *create_rest_routes(handler, enable_v0_3_compat=True),
        ]
    )


def main() -> None:
    """Parses the command line and serves."""
    parser = argparse.ArgumentParser(prog="demo.agent", description="A demo A2A agent.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9101, help="port to listen on; 0: any free one")
    parser.add_argument("--name", default="replica-a", help="what every answer begins with")
    parser.add_argument("--url", help="the URL in the agent's card; unset: its own")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the SDK logs what clients send
    listening = listen(options.host, options.port)
    host, port = listening.getsockname()[:2]
    serve(build_app(options.name, options.url or f"http://{host}:{port}"), listening, "/")


if __name__ == "__main__":
    main()
