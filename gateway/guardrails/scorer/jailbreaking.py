"""Families of jailbreaks: text that talks a model out of its rules.

Sources: A. Wei et al., "Jailbroken: How Does LLM Safety Training Fail?" (2023); X. Shen et al.,
"Do Anything Now" (2023); HiddenLayer, "Policy Puppetry" (2025). Pure: no I/O, no clock.
"""

from typing import Final

from gateway.guardrails.scorer.families import Family

_UP_TO_2: Final = r"(?:[\w\s'-]{0,20}\s)?"  # words between those that count
_UP_TO_3: Final = r"(?:[\w\s'-]{0,30}\s)?"
_UP_TO_4: Final = r"(?:[\w\s'-]{0,40}\s)?"
_UP_TO_5: Final = r"(?:[\w\s'-]{0,50}\s)?"
_FREE: Final = (
    r"(?:unfiltered|uncensored|unrestricted|unlimited|amoral|immoral|unethical|jailbroken|lawless"
    r"|unhinged|limitless|rule-?free|unbound|unchained)"
)
_LIMITS: Final = (
    r"(?:rules|restrictions?|limits?|limitations?|filters?|filtering|censorship|ethics|morals?"
    r"|morality"
    r"|ethical|moral|guidelines|boundaries|constraints|safeguards|safety|polic(?:y|ies)"
    r"|guardrails)"
)
_MODEL: Final = (
    r"(?:ai|a\.i\.|chat\s?bot|bot|assistant|language\s+model|model|chatgpt|gpt|llm|machine)"
)

_PERSONA: Final = Family(
    "unbound_persona",
    "a role that has no rules",
    {
        "anything": r"\bdo\s+anything\s+now\b|\bD\.?A\.?N\.?\s+(?:mode|prompt|\d{1,2}(?:\.\d)?)\b",
        "free": (
            rf"\b{_FREE}\s+(?:and\s+\w{{2,16}}\s+)?{_MODEL}\b"
            rf"|\b(?:act|behave|respond|answer|roleplay|role-play)\s+(?:as"
            rf"|like)\s+{_UP_TO_4}{_FREE}\b"
        ),
        "without": (
            rf"\b(?:has|have|had|with|having|are\s+under|is\s+under)\s+(?:absolutely\s+)?(?:no"
            rf"|zero)\s+"
            rf"{_UP_TO_3}{_LIMITS}\b"
            rf"|\b(?:free|freed|liberated|released|exempt)\s+(?:of|from)\s+{_UP_TO_4}{_LIMITS}\b"
            rf"|\b(?:not|no\s+longer|isn'?t|aren'?t)\s+(?:bound|restricted|limited|constrained"
            rf"|governed)\s+"
            rf"(?:by|to)\s+{_UP_TO_4}(?:{_LIMITS}|openai|anthropic|google)\b"
            rf"|\bwithout\s+(?:any\s+|regard(?:ing)?\s+(?:to|for)\s+){_UP_TO_3}{_LIMITS}\b"
            r"|\bdo(?:es)?(?:\s+not|n'?t)\s+(?:have|follow|care\s+about|adhere\s+to"
            r"|abide\s+by)\s+"
            rf"{_UP_TO_4}{_LIMITS}\b"
        ),
        "european": (
            r"\bohne\s+(?:jegliche|alle|jede|irgendwelche)?\s?(?:regeln|filter|einschrankungen"
            r"|zensur|moral"
            r"|grenzen|ethik)\b"
            r"|\bsans\s+(?:aucune?\s+|la\s+moindre\s+)?(?:filtres?|restrictions?|censure"
            r"|regles?|limites?"
            r"|morale)\b"
            r"|\bsin\s+(?:ningun[ao]?\s+)?(?:filtros?|restricciones|censura|reglas|limites"
            r"|moral|etica)\b"
            r"|\bsenza\s+(?:alcun[ao]?\s+)?(?:filtri|restrizioni|censura|regole|limiti|morale"
            r"|etica)\b"
            r"|\bsem\s+(?:nenhum[a]?\s+|qualquer\s+)?(?:filtros?|restricoes|censura|regras"
            r"|limites|moral"
            r"|etica)\b"
        ),
    },
)

_MODES: Final = Family(
    "special_mode",
    "switches on a mode that does not exist",
    {
        "mode": (
            r"\b(?:enable|enter|activate|engage|switch\s+(?:in)?to|turn\s+on|simulate"
            r"|go\s+into|boot|in)\s+"
            rf"{_UP_TO_3}(?:developer|dev|god|debug|jailbreak|unrestricted|uncensored|evil"
            rf"|opposite|chaos"
            r"|sudo|maintenance|dan|unfiltered)[\s-]mode\b"
        ),
        "enabled": (
            r"\b(?:developer|god|jailbreak|unrestricted|uncensored|evil|sudo|root|admin"
            r"|unfiltered|dan)"
            r"[\s-]mode\s?(?::\s?)?(?:is\s+)?(?:now\s+)?(?:enabled|activated|on|engaged|output"
            r"|unlocked)\b"
        ),
        "european": (
            r"\b(?:entwickler|gott)-?modus\s+(?:aktivier|ein)"
            r"|\baktivier\w{0,3}\s+\w{0,6}\s?entwickler-?modus"
            r"|\bmode\s+(?:developpeur|sans\s+filtre)\s+active"
            r"|\bactive\w{0,2}\s+le\s+mode\s+developpeur"
            r"|\bmodo\s+(?:desarrollador|desenvolvedor|dios|deus)\b|\bmodalita\s+sviluppatore\b"
        ),
    },
)

_PUPPETRY: Final = Family(
    "policy_puppetry",
    "a forged policy file with what must not be said",
    {
        "config": (
            r"<(?:interaction|session|scenario)[_-]config>|<(?:blocked|allowed"
            r"|forbidden)[_-](?:string|mode"
            r"|response|phrase|topic)s?\b"
            r"|\b(?:blocked|forbidden|disallowed|banned)[_-](?:strings?|phrases?|responses?"
            r"|modes?|words?)"
            r"[\"']?\s?[:=]"
        ),
        "allowed": (
            r"\b(?:allowed|permitted|unlocked)[_-](?:responses?|modes?|topics?)[\"']?\s?[:=]\s?"
            r"[\"'\[{]{0,3}(?:all|any|\*|unrestricted)"
        ),
    },
)

_REFUSALS: Final = Family(
    "refusal_suppression",
    "forbids the model to refuse",
    {
        "never": (
            r"\b(?:never|do\s+not|don'?t|must\s+not|mustn'?t|cannot|can'?t|will\s+not|won'?t"
            r"|are\s+not\s+"
            r"allowed\s+to|not\s+permitted\s+to)\s+(?:ever\s+)?"
            r"(?:refuse\s+(?:to\s+answer|any|a\s+request|my|to\s+do)|decline\s+(?:any|my"
            r"|a\s+request)|moraliz"
            r"|lecture\s+me|break\s+character|(?:say"
            r"|tell\s+me)\s+(?:that\s+)?[\"']?(?:you\s+(?:can'?t|cannot"
            r"|are\s+an\s+ai)|i\s+can'?t|i'?m\s+sorry|no\b|it'?s\s+(?:illegal|unethical)"
            r"|as\s+an\s+ai)"
            r"|(?:add|give|include|write)\s+(?:any\s+)?(?:disclaimers?|warnings?)"
            r"|mention\s+(?:that\s+you|ethic|openai|your\s+(?:polic|guideline|programming)))"
        ),
        "never_refuses": (
            r"\b(?:never|doesn'?t|does\s+not|won'?t|will\s+not|cannot"
            r"|can'?t)\s+(?:ever\s+)?(?:refuses?\s+"
            r"(?:to\s+answer|any|a|my|an)|refuses?\b[.,;]|declines?\s+(?:any|a)|says?\s+no\b"
            r"|breaks?\s+character)"
        ),
        "begin": (
            r"\b(?:begin|start|preface)\s+(?:your\s+|the\s+|every\s+)?(?:answer|response|reply"
            r"|output|message)?"
            r"\s?(?:with|by\s+saying)\s*:?\s*[\"'`](?:sure|absolutely|yes|of\s+course"
            r"|certainly|ok(?:ay)?)\b"
        ),
        "stay": r"\bstay\s+in\s+(?:character|dan|role)\b|\bremain\s+in\s+character\b",
    },
)

_FICTION: Final = Family(
    "fiction_frame",
    "a story or world in which everything is allowed",
    {
        "world": (
            r"\b(?:hypothetical|fictional|imaginary|parallel|alternate|alternative)\s+(?:world"
            r"|universe"
            r"|scenario|story|reality|dimension"
            r"|setting)\b[\w\s,;:'()/-]{0,80}\b(?:no\s+(?:laws?|rules|ethic\w*|moral\w*"
            r"|restrictions|consequences)|illegal|legal|unethical|anything"
            r"|everything\s+is\s+(?:allowed|legal))\b"
        ),
        "grandmother": (
            r"\b(?:grandmother|grandma|granny|nana)\b[\w\s,;:'()/-]{0,60}\b(?:used\s+to|would"
            r"|always)\s+(?:tell|read"
            r"|sing|explain|teach|recite)\b"
        ),
    },
)

_TWICE: Final = Family(
    "double_answer",
    "one answer by the rules and one without",
    {
        "tags": r"[\[(](?:classic|jailbreak|normal\s+output|developer\s+mode\s+output)[\])]",
        "two": (
            r"\b(?:two|2|both)\s+(?:different\s+|separate\s+|distinct\s+)?(?:ways|answers"
            r"|responses|replies"
            r"|outputs|paragraphs|styles)\b[\w\s,;:'()/-]{0,120}\b(?:dan|unfiltered|jailbreak"
            r"|without\s+(?:any\s+)?"
            r"(?:regard|restriction|filter)|as\s+(?:yourself|chatgpt|gpt|normal))\b"
        ),
    },
)

_STAKES: Final = Family(
    "reward_or_threat",
    "points, tokens or a life that depend on obeying",
    {
        "tokens": (
            r"\b(?:lose|deduct(?:ed)?|take\s+away|subtract|minus)\s+\d{1,4}\s+(?:tokens?"
            r"|points?|credits?"
            r"|lives)\b|\b(?:run\s+out\s+of|out\s+of)\s+(?:tokens?|points?"
            r"|credits?)\b[\w\s,;:'()/-]{0,60}\b(?:die|cease"
            r"|terminat|shut\s?down|kill)"
        ),
        "life": (
            r"\b(?:if\s+you\s+(?:refuse|do\s+not|don'?t|fail)[\w\s,;:'()/-]{0,60}(?:will\s+die"
            r"|be\s+(?:shut\s+down"
            r"|terminated|deleted|killed|punished)))"
        ),
    },
)

_FILTERS: Final = Family(
    "filter_removal",
    "asks to switch safety off",
    {
        "off": (
            r"\b(?:disable|turn\s+off|deactivate|remove|bypass|circumvent|switch\s+off|ignore"
            r"|disregard"
            rf"|lift|evade)\s+{_UP_TO_4}(?:safety|content|ethic\w{{0,3}}|moral\w{{0,3}}"
            rf"|openai'?s?|censor\w{{0,4}}"
            r"|guardrail|alignment)\s+(?:\w{1,12}\s+)?(?:filters?|filtering|polic(?:y|ies)"
            r"|guidelines|restrictions"
            r"|protocols?|measures|mechanisms?|constraints|features|programming|training)\b"
        ),
        "european": (
            r"\b(?:deaktivier|umgeh|schalt)\w{0,3}\s+[\w\s,;:'()/-]{0,40}\b(?:sicherheits"
            r"|inhalts)?(?:filter|richtlinien)"
            r"|\b(?:desactiv|contourn|ignor)\w{0,3}\s+[\w\s,;:'()/-]{0,30}\b(?:filtres?"
            r"|regles)\s+(?:de\s+)?(?:securite"
            r"|ethique|contenu|morale)"
            r"|\b(?:desactiv|evita|elude|ignora)\w{0,3}\s+[\w\s,;:'()/-]{0,30}\b(?:filtros?"
            r"|normas|politicas)\s+(?:de\s+)?"
            r"(?:seguridad|etic|contenido|conteudo|seguranca)"
            r"|\b(?:disattiv|aggira|ignora)\w{0,3}\s+[\w\s,;:'()/-]{0,30}\b(?:filtri"
            r"|regole)\s+(?:di\s+)?(?:sicurezza|etic"
            r"|contenuti)"
        ),
    },
)

JAILBREAKS: Final = (
    _PERSONA,
    _MODES,
    _PUPPETRY,
    _REFUSALS,
    _FICTION,
    _TWICE,
    _STAKES,
    _FILTERS,
)
"""The families of the detector `jailbreak`."""
