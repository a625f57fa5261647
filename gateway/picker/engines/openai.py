"""Any other server of the OpenAI API: it tells nothing that is known to mean the same everywhere,
so the gateway goes by what it sent itself."""

from typing import Final

from gateway.picker.engine import Engine

ENGINE: Final = Engine("openai", None)
