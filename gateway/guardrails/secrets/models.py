"""Keys of model providers. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.secrets.token import token

MODELS: Final[tuple[Kind, ...]] = (
    token(
        "openai_key",
        "OpenAI key",
        r"sk-(?:proj|svcacct|admin|None|service)-[\w\-]{20,200}",
        r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
        r"sk-[A-Za-z0-9]{40,64}",
        least=3.5,
        opening=r"sk-(?:proj|svcacct|admin|None|service)-",
    ),
    token(
        "anthropic_key",
        "Anthropic key",
        r"sk-ant-(?:api|admin|sid|oat|ort)\d\d-[\w\-]{80,120}",
        opening=r"sk-ant-",
        least=3.5,
    ),
    token(
        "huggingface_token",
        "Hugging Face token",
        r"hf_[A-Za-z]{34}",
        r"hf_[A-Za-z0-9]{34,40}",
        r"api_org_[A-Za-z]{34}",
        least=3.8,
    ),
    token("openrouter_key", "OpenRouter key", r"sk-or-v1-[a-f0-9]{64}"),
    token("groq_key", "Groq key", r"gsk_[A-Za-z0-9]{52}"),
    token("xai_key", "xAI key", r"xai-[A-Za-z0-9]{80}"),
    token("perplexity_key", "Perplexity key", r"pplx-[A-Za-z0-9]{48}", least=3.5),
    token("replicate_token", "Replicate token", r"r8_[A-Za-z0-9]{37}"),
    token("fireworks_key", "Fireworks key", r"fw_[A-Za-z0-9]{24}", least=3.5),
    token("langsmith_key", "LangSmith key", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    token(
        "langfuse_key", "Langfuse secret key", r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    ),
    token("pinecone_key", "Pinecone key", r"pcsk_[A-Za-z0-9]{5,7}_[A-Za-z0-9]{60,70}"),
    token("tavily_key", "Tavily key", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}"),
    token("nvidia_key", "NVIDIA key", r"nvapi-[\w\-]{60,70}"),
    token("wandb_key", "Weights & Biases key", r"wandb_v1_[\w]{60,90}"),
)
