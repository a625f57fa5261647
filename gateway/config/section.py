"""What every part of gateway.yaml is made of."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _beside_the_file(value: str, info: ValidationInfo) -> str:
    context: dict[str, Path] | None = info.context
    return str((context["folder"] / value).resolve()) if context and value != "-" else value


LocalPath = Annotated[
    str, Field(min_length=1, pattern=r"^[^\x00]+$"), AfterValidator(_beside_the_file)
]
"""A path relative to the file that names it; absolute once loaded."""


class Section(BaseModel):
    """A part of gateway.yaml: immutable, and an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        revalidate_instances="always",  # so that defaults of defaults are resolved paths, too
        hide_input_in_errors=True,
    )
