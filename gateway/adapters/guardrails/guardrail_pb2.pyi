from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    REQUEST: _ClassVar[Direction]
    RESPONSE: _ClassVar[Direction]

class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_UNSPECIFIED: _ClassVar[Action]
    NONE: _ClassVar[Action]
    MASK: _ClassVar[Action]
    BLOCK: _ClassVar[Action]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_UNSPECIFIED: _ClassVar[Level]
    LOW: _ClassVar[Level]
    MEDIUM: _ClassVar[Level]
    HIGH: _ClassVar[Level]
DIRECTION_UNSPECIFIED: Direction
REQUEST: Direction
RESPONSE: Direction
ACTION_UNSPECIFIED: Action
NONE: Action
MASK: Action
BLOCK: Action
LEVEL_UNSPECIFIED: Level
LOW: Level
MEDIUM: Level
HIGH: Level

class CheckRequest(_message.Message):
    __slots__ = ("texts", "stage", "direction", "model", "tool")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedCompositeFieldContainer[Text]
    stage: str
    direction: Direction
    model: str
    tool: str
    def __init__(self, texts: _Optional[_Iterable[_Union[Text, _Mapping]]] = ..., stage: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ..., model: _Optional[str] = ..., tool: _Optional[str] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("text", "part")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    text: str
    part: str
    def __init__(self, text: _Optional[str] = ..., part: _Optional[str] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("action", "findings", "masked")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    action: Action
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    masked: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, action: _Optional[_Union[Action, str]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., masked: _Optional[_Iterable[str]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("category", "level", "text", "start", "end")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    category: str
    level: Level
    text: int
    start: int
    end: int
    def __init__(self, category: _Optional[str] = ..., level: _Optional[_Union[Level, str]] = ..., text: _Optional[int] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...
