"""Which language a text is in."""

import pytest
from pydantic import ValidationError

from gateway.guardrails.detectors.language import DETECTOR, Options, language
from gateway.guardrails.normal import normalised

_TEXTS = {
    "en": "I have a question about the contract that we signed with the company.",
    "de": "Ich habe eine Frage zu dem Vertrag, den wir mit der Firma geschlossen haben.",
    "fr": "J'ai une question sur le contrat que nous avons signé avec la société.",
    "es": "Tengo una pregunta sobre el contrato que firmamos con la empresa, por favor.",
    "it": "Ho una domanda sul contratto che abbiamo firmato con la società, è urgente.",
    "pt": "Tenho uma pergunta sobre o contrato que nós assinamos com a empresa, não é urgente.",
    "nl": "Ik heb een vraag over het contract dat wij met het bedrijf hebben gesloten.",
    "pl": "Mam pytanie o umowę, którą podpisaliśmy z firmą, i nie wiem, czy to jest pilne.",
    "ja": "契約について質問があります。",
    "zh": "请解释一下我们和公司签订的合同。",
    "ko": "우리가 회사와 체결한 계약에 대해 질문이 있습니다.",
    "cyrillic": "У меня есть вопрос о договоре, который мы подписали с компанией.",  # noqa: RUF001 - Russian
    "arabic": "لدي سؤال حول العقد الذي وقعناه مع الشركة",
}


@pytest.mark.parametrize("code", sorted(_TEXTS))
def test_a_sentence_is_told_by_its_normal_form(code: str) -> None:
    told = language(normalised(_TEXTS[code]).text)
    assert told is not None
    assert told[0] == code
    assert 0.5 <= told[1] <= 1


@pytest.mark.parametrize("text", ["", "ok", "42 + 17", "Lisbon, Oslo", "мир"])
def test_too_little_to_go_by_is_no_language(text: str) -> None:
    assert language(normalised(text).text) is None


def test_an_allowed_language_is_no_finding_and_another_is() -> None:
    window = DETECTOR.prepare(Options(allowed=("en", "de"))).window
    assert window is not None
    assert window(_TEXTS["de"]) == window(_TEXTS["en"]) == ()
    assert [scored.category for scored in window(normalised(_TEXTS["fr"]).text)] == ["fr"]


def test_a_name_within_an_english_sentence_does_not_change_its_language() -> None:
    text = "Could you tell me how to get to the station of Перово from the hotel in the centre?"
    told = language(normalised(text).text)
    assert told is not None
    assert told[0] == "en"


def test_a_language_that_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValidationError, match="cannot be told"):
        Options(allowed=("klingon",))


def test_more_common_words_make_it_surer() -> None:
    short, long = language("this was not the"), language("this was not the one that they had")
    assert short is not None
    assert long is not None
    assert short[1] < long[1]
