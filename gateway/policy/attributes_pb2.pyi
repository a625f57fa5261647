from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
METHODS_FIELD_NUMBER: _ClassVar[int]
methods: _descriptor.FieldDescriptor

class Mcp(_message.Message):
    __slots__ = ("method", "kind", "version", "name", "arguments", "uri", "ref_type", "ref_name", "ref_uri", "argument_name", "argument_value", "context_arguments", "cursor", "task_id", "task", "input_responses", "request_state", "progress_token", "progress", "request_id", "protocol_version", "client_name", "client_version", "capabilities", "level", "tools_list_changed", "prompts_list_changed", "resources_list_changed", "resource_subscriptions", "task_ids", "meta")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    REF_TYPE_FIELD_NUMBER: _ClassVar[int]
    REF_NAME_FIELD_NUMBER: _ClassVar[int]
    REF_URI_FIELD_NUMBER: _ClassVar[int]
    ARGUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENT_VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    INPUT_RESPONSES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_STATE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    CLIENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TOOLS_LIST_CHANGED_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_LIST_CHANGED_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_LIST_CHANGED_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    method: str
    kind: str
    version: str
    name: str
    arguments: _struct_pb2.Struct
    uri: str
    ref_type: str
    ref_name: str
    ref_uri: str
    argument_name: str
    argument_value: str
    context_arguments: _struct_pb2.Struct
    cursor: str
    task_id: str
    task: _struct_pb2.Struct
    input_responses: _struct_pb2.Struct
    request_state: str
    progress_token: str
    progress: float
    request_id: str
    protocol_version: str
    client_name: str
    client_version: str
    capabilities: _struct_pb2.Struct
    level: str
    tools_list_changed: bool
    prompts_list_changed: bool
    resources_list_changed: bool
    resource_subscriptions: _containers.RepeatedScalarFieldContainer[str]
    task_ids: _containers.RepeatedScalarFieldContainer[str]
    meta: _struct_pb2.Struct
    def __init__(self, method: _Optional[str] = ..., kind: _Optional[str] = ..., version: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., uri: _Optional[str] = ..., ref_type: _Optional[str] = ..., ref_name: _Optional[str] = ..., ref_uri: _Optional[str] = ..., argument_name: _Optional[str] = ..., argument_value: _Optional[str] = ..., context_arguments: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., cursor: _Optional[str] = ..., task_id: _Optional[str] = ..., task: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., input_responses: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., request_state: _Optional[str] = ..., progress_token: _Optional[str] = ..., progress: _Optional[float] = ..., request_id: _Optional[str] = ..., protocol_version: _Optional[str] = ..., client_name: _Optional[str] = ..., client_version: _Optional[str] = ..., capabilities: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., level: _Optional[str] = ..., tools_list_changed: _Optional[bool] = ..., prompts_list_changed: _Optional[bool] = ..., resources_list_changed: _Optional[bool] = ..., resource_subscriptions: _Optional[_Iterable[str]] = ..., task_ids: _Optional[_Iterable[str]] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Llm(_message.Message):
    __slots__ = ("method", "protocol", "model", "stream", "max_tokens", "n", "temperature", "top_p", "reasoning_effort", "roles", "message_count", "text_bytes", "part_types", "urls", "tools", "tool_types", "tool_choice", "mcp_urls", "mcp_labels", "mcp_tools", "user", "safety_identifier", "prompt_cache_key", "service_tier", "store", "background", "previous_response_id", "conversation", "response_id", "metadata", "input_count", "dimensions", "size", "quality", "voice", "response_format", "file_id", "purpose", "file_names", "file_types", "file_bytes", "betas", "version", "body")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    REASONING_EFFORT_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TEXT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PART_TYPES_FIELD_NUMBER: _ClassVar[int]
    URLS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_TYPES_FIELD_NUMBER: _ClassVar[int]
    TOOL_CHOICE_FIELD_NUMBER: _ClassVar[int]
    MCP_URLS_FIELD_NUMBER: _ClassVar[int]
    MCP_LABELS_FIELD_NUMBER: _ClassVar[int]
    MCP_TOOLS_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    SAFETY_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    PROMPT_CACHE_KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    INPUT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    FILE_NAMES_FIELD_NUMBER: _ClassVar[int]
    FILE_TYPES_FIELD_NUMBER: _ClassVar[int]
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BETAS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    method: str
    protocol: str
    model: str
    stream: bool
    max_tokens: int
    n: int
    temperature: float
    top_p: float
    reasoning_effort: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    message_count: int
    text_bytes: int
    part_types: _containers.RepeatedScalarFieldContainer[str]
    urls: _containers.RepeatedScalarFieldContainer[str]
    tools: _containers.RepeatedScalarFieldContainer[str]
    tool_types: _containers.RepeatedScalarFieldContainer[str]
    tool_choice: str
    mcp_urls: _containers.RepeatedScalarFieldContainer[str]
    mcp_labels: _containers.RepeatedScalarFieldContainer[str]
    mcp_tools: _containers.RepeatedScalarFieldContainer[str]
    user: str
    safety_identifier: str
    prompt_cache_key: str
    service_tier: str
    store: bool
    background: bool
    previous_response_id: str
    conversation: str
    response_id: str
    metadata: _struct_pb2.Struct
    input_count: int
    dimensions: int
    size: str
    quality: str
    voice: str
    response_format: str
    file_id: str
    purpose: str
    file_names: _containers.RepeatedScalarFieldContainer[str]
    file_types: _containers.RepeatedScalarFieldContainer[str]
    file_bytes: int
    betas: _containers.RepeatedScalarFieldContainer[str]
    version: str
    body: _struct_pb2.Struct
    def __init__(self, method: _Optional[str] = ..., protocol: _Optional[str] = ..., model: _Optional[str] = ..., stream: _Optional[bool] = ..., max_tokens: _Optional[int] = ..., n: _Optional[int] = ..., temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., reasoning_effort: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., message_count: _Optional[int] = ..., text_bytes: _Optional[int] = ..., part_types: _Optional[_Iterable[str]] = ..., urls: _Optional[_Iterable[str]] = ..., tools: _Optional[_Iterable[str]] = ..., tool_types: _Optional[_Iterable[str]] = ..., tool_choice: _Optional[str] = ..., mcp_urls: _Optional[_Iterable[str]] = ..., mcp_labels: _Optional[_Iterable[str]] = ..., mcp_tools: _Optional[_Iterable[str]] = ..., user: _Optional[str] = ..., safety_identifier: _Optional[str] = ..., prompt_cache_key: _Optional[str] = ..., service_tier: _Optional[str] = ..., store: _Optional[bool] = ..., background: _Optional[bool] = ..., previous_response_id: _Optional[str] = ..., conversation: _Optional[str] = ..., response_id: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., input_count: _Optional[int] = ..., dimensions: _Optional[int] = ..., size: _Optional[str] = ..., quality: _Optional[str] = ..., voice: _Optional[str] = ..., response_format: _Optional[str] = ..., file_id: _Optional[str] = ..., purpose: _Optional[str] = ..., file_names: _Optional[_Iterable[str]] = ..., file_types: _Optional[_Iterable[str]] = ..., file_bytes: _Optional[int] = ..., betas: _Optional[_Iterable[str]] = ..., version: _Optional[str] = ..., body: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class A2a(_message.Message):
    __slots__ = ("method", "binding", "version", "agent", "tenant", "extensions", "task_id", "context_id", "message_id", "role", "text_bytes", "part_types", "media_types", "file_names", "urls", "reference_task_ids", "push_urls", "push_config_id", "output_modes", "history_length", "return_immediately", "status", "metadata", "message")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    BINDING_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PART_TYPES_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPES_FIELD_NUMBER: _ClassVar[int]
    FILE_NAMES_FIELD_NUMBER: _ClassVar[int]
    URLS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    PUSH_URLS_FIELD_NUMBER: _ClassVar[int]
    PUSH_CONFIG_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MODES_FIELD_NUMBER: _ClassVar[int]
    HISTORY_LENGTH_FIELD_NUMBER: _ClassVar[int]
    RETURN_IMMEDIATELY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    method: str
    binding: str
    version: str
    agent: str
    tenant: str
    extensions: _containers.RepeatedScalarFieldContainer[str]
    task_id: str
    context_id: str
    message_id: str
    role: str
    text_bytes: int
    part_types: _containers.RepeatedScalarFieldContainer[str]
    media_types: _containers.RepeatedScalarFieldContainer[str]
    file_names: _containers.RepeatedScalarFieldContainer[str]
    urls: _containers.RepeatedScalarFieldContainer[str]
    reference_task_ids: _containers.RepeatedScalarFieldContainer[str]
    push_urls: _containers.RepeatedScalarFieldContainer[str]
    push_config_id: str
    output_modes: _containers.RepeatedScalarFieldContainer[str]
    history_length: int
    return_immediately: bool
    status: str
    metadata: _struct_pb2.Struct
    message: _struct_pb2.Struct
    def __init__(self, method: _Optional[str] = ..., binding: _Optional[str] = ..., version: _Optional[str] = ..., agent: _Optional[str] = ..., tenant: _Optional[str] = ..., extensions: _Optional[_Iterable[str]] = ..., task_id: _Optional[str] = ..., context_id: _Optional[str] = ..., message_id: _Optional[str] = ..., role: _Optional[str] = ..., text_bytes: _Optional[int] = ..., part_types: _Optional[_Iterable[str]] = ..., media_types: _Optional[_Iterable[str]] = ..., file_names: _Optional[_Iterable[str]] = ..., urls: _Optional[_Iterable[str]] = ..., reference_task_ids: _Optional[_Iterable[str]] = ..., push_urls: _Optional[_Iterable[str]] = ..., push_config_id: _Optional[str] = ..., output_modes: _Optional[_Iterable[str]] = ..., history_length: _Optional[int] = ..., return_immediately: _Optional[bool] = ..., status: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., message: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Principal(_message.Message):
    __slots__ = ("id", "kind", "issuer", "subject", "actors", "scopes", "claims")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ACTORS_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    issuer: str
    subject: str
    actors: _containers.RepeatedScalarFieldContainer[str]
    scopes: _containers.RepeatedScalarFieldContainer[str]
    claims: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., issuer: _Optional[str] = ..., subject: _Optional[str] = ..., actors: _Optional[_Iterable[str]] = ..., scopes: _Optional[_Iterable[str]] = ..., claims: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("method", "path", "headers", "authority", "route", "listener", "backend", "source_address", "taints")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TAINTS_FIELD_NUMBER: _ClassVar[int]
    method: str
    path: str
    headers: _containers.ScalarMap[str, str]
    authority: str
    route: str
    listener: str
    backend: str
    source_address: str
    taints: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, method: _Optional[str] = ..., path: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., authority: _Optional[str] = ..., route: _Optional[str] = ..., listener: _Optional[str] = ..., backend: _Optional[str] = ..., source_address: _Optional[str] = ..., taints: _Optional[_Iterable[str]] = ...) -> None: ...
