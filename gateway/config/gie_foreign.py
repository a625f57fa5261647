"""What every type of a foreign document shares. Pure: no I/O, no clock."""

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.config.document import Document
from gateway.config.gie_quantity import quantity, seconds
from gateway.model.jsonvalue import JsonValue


class Foreign(BaseModel):
    """A part of a document of the Gateway API Inference Extension or llm-d, with its own spelling
    of keys; an unknown key is an error there, too."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class ForeignMetadata(Foreign):
    """What is read of Kubernetes' metadata; the rest is nobody's business here."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, Field(min_length=1, max_length=253)]
    namespace: str = "default"
    creation_timestamp: datetime | None = None


def name_of(document: Document) -> str:
    """What a foreign document is called: its metadata.name, else "" or, if it is an
    EndpointPickerConfig, which mostly has no metadata, its file without folder and suffix."""
    name = _metadata(document).get("name")
    if isinstance(name, str) and name:
        return name
    value = document.value
    unnamed = isinstance(value, dict) and value.get("kind") == "EndpointPickerConfig"
    return FilePath(document.file).stem if unnamed else ""


def namespace_of(document: Document) -> str | None:
    """The namespace that a foreign document names, None if it leaves that to who applies it."""
    namespace = _metadata(document).get("namespace")
    return namespace if isinstance(namespace, str) else None


def _metadata(document: Document) -> dict[str, JsonValue]:
    value = document.value
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return metadata if isinstance(metadata, dict) else {}


class PoolRef(Foreign):
    """The pool that an object belongs to, in the same namespace."""

    group: str = "inference.networking.k8s.io"
    kind: str = "InferencePool"
    name: Annotated[str, Field(min_length=1, max_length=253)]


def _seconds(text: str) -> str:
    seconds(text)
    return text


Duration = Annotated[str, AfterValidator(_seconds)]
"""A Go duration as text; `seconds` reads it."""


def _whole(value: object) -> object:
    """A quantity as a number; everything else is left for pydantic to refuse."""
    if isinstance(value, str):
        return quantity(value)
    return value


Quantity = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
"""A resource quantity as a whole number."""
