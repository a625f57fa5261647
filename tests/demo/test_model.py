import sys
from collections.abc import Generator

import anthropic
import httpx
import openai
import pytest
from anthropic.types import TextBlock

from tests.support.processes import Process, running


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with running(command("replica-a")) as process:
        yield url_of(process)


@pytest.fixture(scope="module")
def client(server: str) -> Generator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="any") as started:
        yield started


@pytest.fixture(scope="module")
def claude(server: str) -> Generator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server, api_key="any") as started:
        yield started


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "demo.model", "--port", "0", "--name", name]


def url_of(process: Process) -> str:
    """Scheme, host and port of the line that says where it listens."""
    url = httpx.URL(process.wait_for_line(r"^ready (\S+)")[1])
    return f"http://{url.host}:{url.port}"


def test_a_chat_completion_names_the_replica_and_counts_words(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="demo-small", messages=[{"role": "user", "content": "good day"}]
    )
    assert answer.choices[0].message.content == "replica-a: good day"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 3)


@pytest.mark.parametrize("asked", [True, False])
def test_a_stream_tells_its_usage_only_when_asked(client: openai.OpenAI, asked: bool) -> None:
    chunks = list(
        client.chat.completions.create(
            model="demo-small",
            messages=[{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            stream=True,
            stream_options={"include_usage": asked},
        )
    )
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == "replica-a: hi "
    assert [one.usage is not None for one in chunks if not one.choices] == [True] * asked


def test_completions_and_embeddings_are_answered(client: openai.OpenAI) -> None:
    completion = client.completions.create(model="demo-small", prompt="once")
    assert completion.choices[0].text == "replica-a: once"
    found = client.embeddings.create(
        model="demo-embedding", input=["a b", "c"], encoding_format="float"
    )
    assert [one.embedding for one in found.data] == [[3.0, 2.0], [1.0, 1.0]]
    assert found.usage.prompt_tokens == 3


def test_models_are_listed_and_described(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["demo-small", "demo-large", "demo-embedding"]
    assert client.models.retrieve("demo-large").id == "demo-large"
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.models.retrieve("nothing")


def test_a_response_is_kept_until_it_is_deleted(client: openai.OpenAI) -> None:
    made = client.responses.create(model="demo-small", input="hi")
    assert made.output_text == "replica-a: hi"
    assert client.responses.retrieve(made.id).output_text == made.output_text
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError, match="no response"):
        client.responses.retrieve(made.id)
    unkept = client.responses.create(model="demo-small", input="hi", store=False)
    with pytest.raises(openai.NotFoundError, match="no response"):
        client.responses.retrieve(unkept.id)


def test_a_response_comes_as_a_stream_too(client: openai.OpenAI) -> None:
    with client.responses.stream(model="demo-small", input="hi") as stream:
        kinds = [one.type for one in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.usage is not None
    assert final.usage.output_tokens == 2


def test_an_anthropic_message_is_answered(claude: anthropic.Anthropic) -> None:
    message = claude.messages.create(
        model="demo-small", max_tokens=9, messages=[{"role": "user", "content": "good day"}]
    )
    (block,) = message.content
    assert isinstance(block, TextBlock)
    assert block.text == "replica-a: good day"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (2, 3)
    counted = claude.messages.count_tokens(
        model="demo-small", messages=[{"role": "user", "content": "good day"}]
    )
    assert counted.input_tokens == 2


def test_an_anthropic_message_comes_as_a_stream_too(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(
        model="demo-small", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        assert "".join(stream.text_stream) == "replica-a: hi "
        final = stream.get_final_message()
    assert (final.usage.output_tokens, final.stop_reason) == (2, "end_turn")


def test_every_form_of_usage_tells_what_of_the_prompt_was_read_before(
    client: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    long = " ".join(f"of-{number}" for number in range(40))
    for wanted in (0, 32):
        chat = client.chat.completions.create(
            model="chat",
            messages=[{"role": "system", "content": long}, {"role": "user", "content": "hi"}],
        )
        assert chat.usage is not None
        assert chat.usage.prompt_tokens == 41
        assert chat.usage.prompt_tokens_details is not None
        assert chat.usage.prompt_tokens_details.cached_tokens == wanted
        response = client.responses.create(model="response", instructions=long, input="hi")
        assert response.usage is not None
        assert response.usage.input_tokens_details.cached_tokens == wanted
        message = claude.messages.create(
            model="message",
            max_tokens=9,
            system=long,
            messages=[{"role": "user", "content": "hi"}],
        )
        assert message.usage.cache_read_input_tokens == wanted
        assert message.usage.input_tokens == 41 - wanted


def test_its_metrics_count_what_it_read_and_what_runs(server: str) -> None:
    def sample(name: str) -> float:
        text = httpx.get(f"{server}/metrics").text
        (line,) = (one for one in text.splitlines() if one.startswith(f"vllm:{name} "))
        return float(line.split()[1])

    before = sample("prefix_cache_queries_total")
    body = {"model": "m", "messages": [{"role": "user", "content": "three short words"}]}
    httpx.post(f"{server}/v1/chat/completions", json=body).raise_for_status()
    assert sample("prefix_cache_queries_total") == before + 3
    assert sample("num_requests_running") == 0


def test_it_prints_one_line_and_stops() -> None:
    with running(command("replica-b")) as process:
        url = url_of(process)
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body).json()
        assert answer["choices"][0]["message"]["content"] == "replica-b: x"
        assert process.stop(seconds=3) == 0
        assert len(process.stdout.lines) == 1
        assert process.stderr.lines == []
