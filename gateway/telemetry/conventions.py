"""Names of OpenTelemetry's conventions for GenAI, MCP and A2A. All are in development.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/{gen-ai-spans,mcp}.md and model/a2a.
The constants of the Python package are marked as moved and unstable, hence these.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OTHER: Final = "_OTHER"
"""What stands for a value that may not become part of a name."""

ERROR_TYPE: Final = "error.type"
NETWORK_TRANSPORT: Final = "network.transport"
NETWORK_PROTOCOL: Final = "network.protocol.name"
HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"

MCP_METHOD: Final = "mcp.method.name"
MCP_VERSION: Final = "mcp.protocol.version"
JSONRPC_ID: Final = "jsonrpc.request.id"
RPC_STATUS: Final = "rpc.response.status_code"

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
AGENT_NAME: Final = "gen_ai.agent.name"
TOOL_NAME: Final = "gen_ai.tool.name"
PROMPT_NAME: Final = "gen_ai.prompt.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_CHOICES: Final = "gen_ai.request.choice.count"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"

A2A_METHOD: Final = "a2a.method.name"
A2A_VERSION: Final = "a2a.protocol.version"
A2A_TENANT: Final = "a2a.tenant"
A2A_MESSAGE_ID: Final = "a2a.message.id"
A2A_REFERENCES: Final = "a2a.message.reference_task_ids"
A2A_TASK_ID: Final = "a2a.task.id"

EXECUTE_TOOL: Final = "execute_tool"

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chat/completions": "chat",
        "responses": "chat",
        "messages": "chat",
        "completions": "text_completion",
        "embeddings": "embeddings",
        "images/generations": "generate_content",
        "images/edits": "generate_content",
        "images/variations": "generate_content",
        "audio/speech": "generate_content",
        "audio/transcriptions": "generate_content",
        "audio/translations": "generate_content",
        "responses/get": "fetch_response",
    }
)
"""gen_ai.operation.name of the methods of model servers. For the others (lists, files, counting,
moderation) the conventions have no word, and the method is its own: there are as many as in our
tables."""


def genai_operation_name(method: str) -> str:
    """gen_ai.operation.name of a method of a model server."""
    return OPERATIONS.get(method, method)
