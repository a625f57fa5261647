"""The OpenAI API: chat, responses, embeddings, models, images, audio, files. No I/O, no clock."""

from gateway.protocols.openai.protocol import OpenAi

PROTOCOL = OpenAi.of

__all__ = ["PROTOCOL", "OpenAi"]
