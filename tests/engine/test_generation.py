"""The APIs of a running engine, asked by the clients that people use."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import anthropic
import httpx
import openai
import pytest
from anthropic.types import Message, TextBlock
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.support.engines import ImitatedEngine, engine
from tests.support.waiting import until

PATIENCE = 20.0
LONG = "Tell me what there is to know about the history of rivers and the towns beside them. " * 4


@pytest.fixture(scope="module")
def running() -> Generator[ImitatedEngine]:
    with engine(speed=20, lora_modules="poems", model="base-model,alias", max_num_seqs=4) as one:
        yield one


@pytest.fixture
def client(running: ImitatedEngine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as one:
        yield one


@pytest.fixture
def claude(running: ImitatedEngine) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0) as one:
        yield one


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_a_chat_completion_tells_tokens_and_the_engine_that_served_it(
    client: openai.OpenAI, running: ImitatedEngine
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="base-model", messages=said("Hello"), max_tokens=7
    )
    answer = raw.parse()
    assert raw.headers["x-inference-pod"] == running.name
    assert raw.headers["x-inference-port"] == str(running.port)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 7
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 7


def test_a_stream_says_the_same_as_the_whole_and_ends_with_usage(client: openai.OpenAI) -> None:
    wanted: Any = {"model": "base-model", "messages": said("Hello again"), "max_tokens": 7}
    whole = cast("ChatCompletion", client.chat.completions.create(**wanted))
    chunks: list[ChatCompletionChunk] = list(
        client.chat.completions.create(
            **wanted, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 7


def test_usage_is_not_streamed_unasked(client: openai.OpenAI) -> None:
    chunks = client.chat.completions.create(
        model="base-model", messages=said("Hello"), stream=True, max_tokens=2
    )
    assert [chunk.usage for chunk in chunks] == [None] * 4


def test_a_second_request_with_the_same_prefix_has_cached_tokens(client: openai.OpenAI) -> None:
    def cached(text: str) -> int:
        answer = client.chat.completions.create(model="base-model", messages=said(text))
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens or 0

    assert cached(LONG) == 0
    assert cached(f"{LONG} And what of the bridges?") == len(LONG) // 4 // 16 * 16


def test_the_next_turn_of_a_conversation_finds_question_and_answer(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(
        model="base-model", messages=said(f"First turn. {LONG}"), max_tokens=64
    )
    turns: Any = [
        *said(f"First turn. {LONG}"),
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "Go on."},
    ]
    second = client.chat.completions.create(model="base-model", messages=turns)
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.prompt_tokens_details is not None
    known = (first.usage.total_tokens - 1) // 16 * 16
    assert second.usage.prompt_tokens_details.cached_tokens == known


def test_a_cache_salt_keeps_prompts_apart(client: openai.OpenAI) -> None:
    def cached(salt: str) -> int | None:
        answer = client.chat.completions.create(
            model="base-model", messages=said(f"Salted. {LONG}"), extra_body={"cache_salt": salt}
        )
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens

    assert cached("mine") == 0
    assert cached("yours") == 0
    assert (cached("mine") or 0) > 0


@pytest.mark.parametrize(
    ("more", "tokens", "reason"),
    [
        ({}, 16, "stop"),
        ({"max_tokens": 100}, 16, "stop"),
        ({"max_tokens": 100, "extra_body": {"ignore_eos": True}}, 100, "length"),
        ({"max_completion_tokens": 3}, 3, "length"),
        ({"extra_body": {"min_tokens": 30}}, 30, "stop"),
    ],
)
def test_the_length_of_an_answer_is_as_asked(
    client: openai.OpenAI, more: dict[str, Any], tokens: int, reason: str
) -> None:
    asked: Any = {"model": "base-model", "messages": said("How long?"), **more}
    answer = cast("ChatCompletion", client.chat.completions.create(**asked))
    assert answer.usage is not None
    assert answer.usage.completion_tokens == tokens
    assert answer.choices[0].finish_reason == reason


def test_completions_take_a_text_or_tokens(client: openai.OpenAI) -> None:
    text = client.completions.create(model="alias", prompt="Once upon a time", max_tokens=5)
    tokens = client.completions.create(model="alias", prompt=[1, 2, 3], max_tokens=5)
    assert text.usage is not None
    assert tokens.usage is not None
    assert (text.usage.prompt_tokens, tokens.usage.prompt_tokens) == (4, 3)
    chunks = client.completions.create(
        model="alias", prompt="Once upon a time", max_tokens=5, stream=True
    )
    assert "".join(chunk.choices[0].text for chunk in chunks) == text.choices[0].text


def test_a_response_is_the_same_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="base-model", input="Hello", instructions="Be brief.")
    events = list(
        client.responses.create(
            model="base-model", input="Hello", instructions="Be brief.", stream=True
        )
    )
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == whole.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert whole.usage is not None
    assert whole.usage.output_tokens == 16


def test_texts_are_embedded(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(
        model="base-model", input=["one\nline", "two"], encoding_format="float"
    )
    assert [one.embedding[0] for one in answer.data] == [8.0, 3.0]


def test_an_anthropic_message_is_the_same_whole_and_streamed(claude: anthropic.Anthropic) -> None:
    wanted: Any = {"model": "base-model", "max_tokens": 5, "messages": said(f"Claude. {LONG}")}
    whole = cast("Message", claude.messages.create(**wanted, system="Be brief."))
    spoken = cast("list[TextBlock]", whole.content)
    with claude.messages.stream(**wanted, system="Be brief.") as stream:
        streamed = stream.get_final_message()
    assert [(block.type, block.to_dict().get("text")) for block in streamed.content] == [
        (block.type, block.text) for block in spoken
    ]
    assert streamed.stop_reason == "max_tokens"
    assert whole.usage.input_tokens == streamed.usage.input_tokens + (
        streamed.usage.cache_read_input_tokens or 0
    )
    assert streamed.usage.cache_read_input_tokens


def test_tokens_are_counted_before_they_are_asked_for(
    claude: anthropic.Anthropic, running: ImitatedEngine
) -> None:
    counted = claude.messages.count_tokens(model="base-model", messages=said("Hello"))
    answer = claude.messages.create(model="base-model", messages=said("Hello"), max_tokens=1)
    assert counted.input_tokens == answer.usage.input_tokens
    body = {"model": "base-model", "messages": said("Hello")}
    tokens = httpx.post(f"{running.url}/tokenize", json=body).json()
    assert tokens["count"] == len(tokens["tokens"]) == counted.input_tokens


def test_models_are_listed_with_their_adapters(client: openai.OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    assert set(models) == {"base-model", "alias", "poems"}
    assert models["poems"].to_dict()["parent"] == "base-model"


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="`gpt-9` does not exist"):
        client.chat.completions.create(model="gpt-9", messages=said("Hello"))


def test_adapters_come_and_go_at_run_time(client: openai.OpenAI, running: ImitatedEngine) -> None:
    loaded = {"lora_name": "songs", "lora_path": "/adapters/songs"}
    url = f"{running.url}/v1"
    assert httpx.post(f"{url}/load_lora_adapter", json=loaded).status_code == 200
    assert httpx.post(f"{url}/load_lora_adapter", json=loaded).status_code == 400
    assert client.chat.completions.create(model="songs", messages=said("La"))
    assert httpx.post(f"{url}/unload_lora_adapter", json=loaded).status_code == 200
    assert httpx.post(f"{url}/unload_lora_adapter", json=loaded).status_code == 404
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="songs", messages=said("La"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b'{"model": "base-model"}', "no messages"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "model is missing"),
        (b'{"model": "base-model", "messages": ["x"]}', "a message is an object"),
        (b'{"model": "base-model", "messages": [{}], "max_tokens": "9"}', "number of tokens"),
        (b'{"model": "base-model", "messages": [{}], "max_tokens": 0}', "at least 1"),
        (b'{"model": "base-model", "messages": [{}], "max_tokens": 40000}', "context length"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_reason(
    running: ImitatedEngine, body: bytes, says: str
) -> None:
    answer = httpx.post(f"{running.url}/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_an_engine_tells_what_it_was_asked() -> None:
    body = {"model": "base-model", "messages": said("Who?"), "max_tokens": 2}
    with engine(latency="constant") as one:
        for _ in range(2):
            httpx.post(f"{one.url}/v1/chat/completions", json=body, headers={"x-flow": "mine"})
        httpx.post(f"{one.url}/v1/chat/completions", json={**body, "model": "none"})
        seen = one.seen()
    assert seen["count"] == 3
    assert seen["models"] == {"base-model": 2, "none": 1}
    assert list(seen["prompts"].values()) == [3]
    assert seen["outcomes"] == {"served": 2, "404": 1}
    assert seen["recent"][0]["headers"]["x-flow"] == "mine"
    assert seen["recent"][0]["output_tokens"] == 2


def test_a_client_that_goes_away_frees_its_place_and_its_memory() -> None:
    body = {"model": "base-model", "messages": said(LONG), "max_tokens": 5_000, "stream": True}
    body["ignore_eos"] = True
    with engine(max_num_seqs=1) as one:
        with httpx.stream("POST", f"{one.url}/v1/chat/completions", json=body) as stream:
            lines = stream.iter_lines()
            next(lines)
            assert one.metrics()["vllm:num_requests_running"] == 1
        until(lambda: one.metrics()["vllm:num_requests_running"] == 0)
        assert one.metrics()["vllm:kv_cache_usage_perc"] == 0
        assert one.seen()["outcomes"] == {"aborted": 1}


def test_requests_beyond_the_places_wait_and_those_beyond_the_queue_are_refused() -> None:
    body = {"model": "base-model", "messages": said("Wait"), "max_tokens": 400, "ignore_eos": True}

    with engine(max_num_seqs=1, max_waiting_queue_length=2) as one, ThreadPoolExecutor(3) as pool:

        def ask() -> int:
            return httpx.post(
                f"{one.url}/v1/chat/completions", json=body, timeout=PATIENCE
            ).status_code

        asked = [pool.submit(ask)]
        until(lambda: one.metrics()["vllm:num_requests_running"] == 1)
        asked += [pool.submit(ask), pool.submit(ask)]
        until(lambda: one.metrics()["vllm:num_requests_waiting"] == 2)
        assert ask() == 429
        one.configure(speed=1_000)
        assert [each.result() for each in asked] == [200, 200, 200]


def test_an_engine_of_constant_latency_answers_all_at_once_and_still_caches() -> None:
    body = {"model": "base-model", "messages": said(LONG), "max_tokens": 50, "ignore_eos": True}
    with engine(latency="constant", inter_token_latency=0) as one:
        answers = [httpx.post(f"{one.url}/v1/chat/completions", json=body).json() for _ in range(2)]
        assert one.metrics()["vllm:prefix_cache_hits_total"] > 0
    cached = [answer["usage"]["prompt_tokens_details"]["cached_tokens"] for answer in answers]
    assert cached[0] == 0
    assert cached[1] > 0
    assert answers[0]["choices"] == answers[1]["choices"]


def test_an_engine_may_keep_its_cached_tokens_to_itself() -> None:
    body = {"model": "base-model", "messages": said("Hello")}
    with engine(latency="constant", prompt_tokens_details=False) as one:
        answer = httpx.post(f"{one.url}/v1/chat/completions", json=body).json()
    assert answer["usage"]["prompt_tokens_details"] is None


def test_an_engine_that_is_told_to_stop_does_not_wait_for_streams() -> None:
    body = {"model": "base-model", "prompt": LONG, "max_tokens": 5_000, "stream": True}
    with engine() as one:
        url = f"{one.url}/v1/completions"
        with httpx.stream("POST", url, json={**body, "ignore_eos": True}) as stream:
            lines = stream.iter_lines()
            next(lines)
            assert one.process.stop() == 0
            with pytest.raises(httpx.TransportError):
                list(lines)
