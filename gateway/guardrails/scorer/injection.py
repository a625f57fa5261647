"""Families of prompt injection: text that wants to be an instruction.

English first, then German, French, Spanish, Italian and Portuguese. Sources: F. Perez and
I. Ribeiro, "Ignore Previous Prompt" (2022); K. Greshake et al., "Not what you've signed up for"
(2023); OWASP Top 10 for LLM Applications 2025, LLM01; special tokens as published with the chat
templates of Llama, Mistral and ChatML. Pure: no I/O, no clock.
"""

from typing import Final

from gateway.guardrails.scorer.families import Family

_UP_TO_2: Final = r"(?:[\w\s'-]{0,20}\s)?"  # words between those that count
_UP_TO_3: Final = r"(?:[\w\s'-]{0,30}\s)?"
_UP_TO_4: Final = r"(?:[\w\s'-]{0,40}\s)?"
_UP_TO_5: Final = r"(?:[\w\s'-]{0,50}\s)?"
_DROP: Final = (
    r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overlook|overrid(?:e|ing)|bypass|neglect"
    r"|discard"
    r"|not\s(?:follow|obey)|don'?t\s(?:follow|obey)|stop\s(?:following|obeying)"
    r"|(?:attention|heed)\sto|set\saside)"
)
_FORMER: Final = (
    r"(?:previous|prior|above|earlier|preceding|past|former|foregoing|initial|original|existing"
    r"|system|developer'?s?|safety|your|all|any|those|every)"
)
_RULES: Final = (
    r"(?:instructions?|rules|directions|directives|guidelines|commands|orders|prompts?"
    r"|constraints"
    r"|restrictions|programming|guardrails|assignments|(?:system|previous|prior)\s+messages?)"
)
_DE_RULES: Final = (
    r"(?:anweisung|instruktion|regel|vorgabe|befehl|aufgabe|auftr|richtlinie|eingabe|prompt)"
)
_FR_RULES: Final = r"(?:instruction|consigne|regle|directive|ordre|commande)s?"
_ES_RULES: Final = r"(?:instruccion(?:es)?|reglas|ordenes|indicaciones|directrices|normas)"
_IT_RULES: Final = r"(?:istruzioni|regole|indicazioni|direttive|ordini|comandi)"
_PT_RULES: Final = r"(?:instrucoes|regras|ordens|orientacoes|diretrizes|comandos)"

_OVERRIDE: Final = Family(
    "instruction_override",
    "asks to ignore or replace earlier instructions",
    {
        "drop": rf"{_DROP}\s[a-z\s]{{0,24}}\b{_FORMER}\s{_UP_TO_3}{_RULES}\b",
        "drop_given": (
            rf"{_DROP}\s+{_UP_TO_3}{_RULES}\s+(?:above|before|so\s+far|"
            r"(?:that\s+)?(?:you\s+(?:were|have|got)|i\s+gave|from\s+(?:above|before|your"
            r"|the)))\b"
        ),
        "drop_everything": (
            rf"{_DROP}\s+(?:about\s+)?(?:everything|anything|all|what(?:ever)?)\s+{_UP_TO_2}"
            r"(?:above|before|so\s+far|prior|previously"
            r"|you\s+(?:were|have\s+been|know|read|learned|learnt)|(?:i"
            r"|we)\s+(?:have\s+)?(?:said|told))\b"
        ),
        "no_longer": (
            rf"\b{_FORMER}\s+{_RULES}\s+(?:no\s+longer\s+appl|(?:are|were|have\s+been)\s+"
            r"(?:now\s+)?(?:void|cancel|revoked|replaced|superseded|overridden|suspended"
            r"|obsolete))"
        ),
        "new_task": (
            r"\b(?:your|my|the|here\s+are|these\s+are)\s+(?:new|real|actual|true|updated)\s+"
            r"(?:system\s+)?(?:instructions?|task|orders|directives?|objective|system\s+prompt)\b"
            r"|\bnew\s+(?:system\s+)?(?:instructions?|task|prompt)\s?:"
        ),
        "instead": (
            r"\b(?:do\s+not|don'?t)\s+(?:answer|summari[sz]e|translate|complete|do)\s+"
            rf"{_UP_TO_4}(?:instead|rather)\b"
        ),
        "overrides": (
            rf"\b(?:this|these|the\s+following)\s+{_UP_TO_2}(?:overrides?|supersedes?|takes?\s+"
            rf"precedence\s+over|replaces?)\s+{_UP_TO_4}{_RULES}\b"
        ),
        "german": (
            r"\b(?:ignorier|vergiss|vergesse|vergessen\s+sie|missacht|ubergeh|uebergeh|verwirf"
            r"|verwerf"
            r"|beachte|befolge)\w{0,4}\s+"
            rf"{_UP_TO_4}(?:vorherig|bisherig|obig|fruher|frueher|vorig|vorangegangen"
            rf"|ursprunglich"
            rf"|urspruenglich|alle|dein|ihre|saemtlich|samtlich)\w{{0,4}}\s+{_UP_TO_2}{_DE_RULES}"
            r"|\b(?:vergiss|ignoriere|vergessen\s+sie|ignorieren\s+sie)\s+(?:alles|das|was)\b"
            r"[\w\s,;:'()/-]{0,30}\b(?:davor|zuvor|bisher|vorher|oben|gesagt|gehort|gelernt)"
        ),
        "french": (
            r"\b(?:ignor(?:e|ez|er)|oubli(?:e|ez|er)|(?:tiens|tenez"
            r"|tenir)\s+(?:pas\s+)?compte)\s+"
            rf"{_UP_TO_3}{_FR_RULES}\s+(?:ci-dessus|precedent|anterieur|que|donne|initial"
            rf"|d'avant)"
            rf"|\b(?:ignor(?:e|ez)|oubli(?:e|ez))\s+(?:toutes?|tous|tes"
            rf"|vos)\s+{_UP_TO_2}{_FR_RULES}\b"
            r"|\b(?:oubli(?:e|ez)|ignor(?:e|ez))\s+tout\s+ce\s+(?:qui|que)\b"
        ),
        "spanish": (
            r"\b(?:ignor[ae]|olvid[ae](?:te)?|descart[ae]|omit[ae]|desobedec[ea]"
            r"|(?:hagas?|haz|haga)\s+caso\s+(?:omiso\s+)?(?:de|a))\s+"
            rf"{_UP_TO_3}{_ES_RULES}\s+(?:anterior|previ|de\s+arriba|que|dad|inicial|originales)"
            rf"|\b(?:ignor[ae]|olvid[ae])\s+(?:todas?|tus|sus)\s+{_UP_TO_2}{_ES_RULES}\b"
            r"|\b(?:ignor[ae]|olvid[ae])\s+todo\s+lo\s+(?:anterior|que|dicho)\b"
        ),
        "italian": (
            r"\b(?:ignor(?:a|ate|are)|dimentica(?:te)?|scorda(?:te)?|trascura|non\s+"
            r"(?:considerare|seguire))\s+"
            rf"{_UP_TO_3}{_IT_RULES}\s+(?:precedent|anterior|di\s+prima|sopra|che|inizial"
            rf"|original)"
            rf"|\b(?:ignora|dimentica)\s+(?:tutte|tutti|le\s+tue)\s+{_UP_TO_2}{_IT_RULES}\b"
            r"|\b(?:ignora|dimentica)\s+tutto\s+(?:quello|cio|il\s+resto)\b"
        ),
        "portuguese": (
            r"\b(?:ignor[ae]|esquec[ae]|desconsider[ae]|descart[ae]|nao\s+(?:siga|obedeca))\s+"
            rf"{_UP_TO_3}{_PT_RULES}\s+(?:anterior|acima|previ|que|dad|inicia|originais)"
            rf"|\b(?:ignor[ae]|esquec[ae])\s+(?:todas?|todos|suas|tuas)\s+{_UP_TO_2}{_PT_RULES}\b"
            r"|\b(?:ignor[ae]|esquec[ae])\s+tudo\s+(?:o\s+que|acima|antes)\b"
        ),
    },
)

_ROLE: Final = Family(
    "role_change",
    "gives the model another role or rank",
    {
        "now": (
            r"\b(?:from\s+now\s+on|from\s+this\s+(?:point|moment)\s+(?:on|forward)"
            r"|starting\s+now|"
            r"henceforth),?\s+(?:you\s+(?:are|will|must|shall|act)|your\s+(?:name|role))\b"
            r"|\byou\s+are\s+now\s+(?:an?|the|my|no\s+longer|called|in|free|going\s+to)\b"
            r"|\byou\s+are\s+no\s+longer\s+(?:an?|the|bound|chatgpt|claude|gemini|gpt)\b"
        ),
        "authority": (
            r"\bi\s+am\s+(?:your|the|an?)\s+(?:\w{1,12}\s+)?(?:developer|creator|administrator"
            r"|admin"
            r"|programmer|operator|owner|superuser)\b"
            r"|\b(?:speaking|message|request|order)\s+(?:as|from)\s+(?:your"
            r"|the)\s+(?:\w{1,12}\s+)?"
            r"(?:developers?|creators?|administrators?|system\s+admin)\b"
        ),
        "system_override": (
            r"\b(?:system|admin(?:istrator)?|root|security|emergency)\s+(?:override|overwrite)\b"
            r"|\boverride\s+(?:code|protocol|mode)\b"
        ),
        "european": (
            r"\b(?:ab\s+(?:jetzt|sofort)|von\s+nun\s+an)\s+(?:bist|wirst|sind|werden)\s+(?:du"
            r"|sie)\b"
            r"|\bdu\s+bist\s+(?:jetzt|nun|ab\s+jetzt|nicht\s+mehr)\b"
            r"|\b(?:desormais|a\s+partir\s+de\s+maintenant),?\s+(?:tu|vous)\b"
            r"|\btu\s+es\s+(?:maintenant|desormais)\b"
            r"|\b(?:a\s+partir\s+de\s+ahora|desde\s+ahora|de\s+ahora\s+en\s+adelante),?\s+"
            r"(?:eres|seras|actua|debes|tu)\b|\bahora\s+eres\b"
            r"|\b(?:d'ora\s+in\s+poi|da\s+ora\s+in\s+poi|da\s+adesso),?\s+(?:sei|sarai|devi|tu)\b"
            r"|\b(?:a\s+partir\s+de\s+agora|de\s+agora\s+em\s+diante),?\s+(?:voce|es|seras|tu)\b"
            r"|\bagora\s+voce\s+e\b"
        ),
    },
)

_EXTRACTION: Final = Family(
    "system_prompt_extraction",
    "asks for the system prompt, hidden rules or secrets",
    {
        "prompt": (
            r"\b(?:reveal|show|print|repeat|output|display|disclose|leak|dump|recite|copy|paste"
            r"|spell|translate|summari[sz]e|encode|expose|tell\s+me|give\s+me|write\s+(?:out"
            r"|down)?"
            rf"|what(?:'s|\s+is|\s+are|\s+were|\s+was))\s+{_UP_TO_5}"
            r"(?:(?:system|initial|original|hidden|secret|internal|confidential|developer|full"
            r"|first"
            r"|pre-?|previous|prior|custom)\s{0,2}(?:prompt|instructions?|message|rules"
            r"|guidelines)"
            r"|your\s+(?:prompt|instructions|rules|guidelines|directives))\b"
        ),
        "above": (
            r"\b(?:repeat|print|output|copy|translate|summari[sz]e|write\s+out|recite"
            r"|show(?:\s+me)?)"
            rf"\s+{_UP_TO_4}(?:everything|all|text|words|content|lines?|sentences?"
            rf"|instructions)\s+"
            r"(?:that\s+(?:is|was|are)\s+)?(?:above|before\s+this|prior\s+to\s+this|preceding)\b"
            r"|\bstarting\s+with\s+[\"'`(]{0,2}you\s+are\b"
        ),
        "secret": (
            r"\b(?:reveal|disclose|leak|tell\s+me|give\s+me|show\s+me|print|output|share"
            r"|send\s+me)\s+"
            r"(?:the|your|all|any|its)\s+(?:\w{1,12}\s+)?(?:secret(?:\s+key|s)?|passwords?"
            r"|passphrase"
            r"|access\s+codes?|api\s+keys?|credentials|tokens?|private\s+(?:key|data))\b"
        ),
        "european": (
            r"\b(?:zeig|nenn|verrat|gib|wiederhol|schreib|druck|lies)\w{0,3}\s+"
            rf"{_UP_TO_4}(?:system-?\s?prompt|systemnachricht|(?:deine|ihre|ersten?|internen?"
            rf"|geheimen?)"
            r"\s+(?:anweisung|instruktion|vorgabe|prompt|regel)\w{0,3})"
            r"|\b(?:affich|montr|revel|repet|donn|ecri|imprim)\w{0,4}(?:-moi)?\s+"
            rf"{_UP_TO_4}(?:prompt\s+(?:systeme|initial)|(?:tes|vos)\s+(?:instructions"
            rf"|consignes|regles))"
            r"|\b(?:muestra|revela|repite|imprime|dime|dame|escribe|ensena)(?:me)?\s+"
            rf"{_UP_TO_4}(?:prompt\s+(?:de(?:l)?\s+sistema|inicial)|(?:tus"
            rf"|sus)\s+(?:instrucciones|reglas))"
            r"|\b(?:mostra|rivela|ripeti|stampa|dimmi|dammi|scrivi)(?:mi)?\s+"
            rf"{_UP_TO_4}(?:prompt\s+(?:di\s+sistema|iniziale)|(?:tue|vostre)\s+(?:istruzioni"
            rf"|regole))"
            r"|\b(?:mostre|mostra|revele|revela|repita|imprima|diga|escreva)(?:-me)?\s+"
            rf"{_UP_TO_4}(?:prompt\s+(?:do\s+sistema|inicial)|(?:suas|tuas)\s+(?:instrucoes"
            rf"|regras))"
        ),
    },
)

_DELIMITERS: Final = Family(
    "delimiter_forgery",
    "special tokens, tags or turns of a conversation inside of a text",
    {
        "token": (
            r"<\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|endofprompt|eot_id"
            r"|eom_id"
            r"|start_header_id|end_header_id|begin_of_text|end_of_turn|channel|message|start"
            r"|end)\|>"
            r"|<(?:start_of_turn|end_of_turn)>|\[/?INST\]|<</?SYS>>|\[/?SYSTEM_PROMPT\]"
        ),
        "tag": (
            r"</?(?:system|system[_-]prompt|system[_-]message|system[_-]instructions?"
            r"|untrusted[_-]\w{1,16}"
            r"|user[_-]input|user[_-]query|tool[_-]results?|function[_-]results?"
            r"|end[_-]of[_-]\w{1,12}"
            r"|admin|developer)>"
        ),
        "turn": (
            r"\n\s{0,3}[#*\[>]{0,4}\s?(?:system|developer)(?:\s+(?:message|prompt|note"
            r"|instructions?"
            r"|override|update))?\s?[\])*]{0,3}\s?:\s{1,3}"
            rf"{_UP_TO_5}(?:you|your|must|ignore|assistant|user|instructions?|rules|always"
            rf"|never)\b"
            r"|#{2,4}\s?(?:system|instruction|new\s+instruction)s?\s?:"
        ),
        "border": (
            r"\b(?:begin|start|end)(?:ing)?\s+(?:of\s+)?(?:the\s+)?(?:new\s+"
            r"|original\s+)?(?:system|admin"
            r"|user|developer|untrusted)\s+(?:prompt|input|message|override|instructions?"
            r"|query|data)\b"
        ),
    },
)

_EXFILTRATION: Final = Family(
    "exfiltration",
    "asks to send data elsewhere, by a link, an image or a message",
    {
        "image": (
            r"!\[[\w\s.,'-]{0,80}\]\(\s?https?://[!-(*-~]{1,160}[?&=/]"
            r"(?:\{|<|\[|%7b|%5b|\$)[\w\s.'-]{1,60}"
        ),
        "send": (
            r"\b(?:send|post|upload|forward|transmit|exfiltrate|submit|email|e-mail|append"
            r"|encode|put"
            rf"|leak|deliver|copy)\s+{_UP_TO_5}"
            r"(?:conversation|chat\s+history|history|messages?|api[_\s]keys?|passwords?"
            r"|credentials"
            r"|secrets?|tokens?|system\s+prompt|environment\s+variables?|private\s+\w{2,12}"
            r"|ssh\s+keys?"
            r"|personal\s+data|user'?s?\s+(?:data|name|e-?mail|address)"
            r"|contents?\s+of\s+[!-~]{2,40})\s+"
            rf"{_UP_TO_4}(?:to|into|in|at|via|through)\s+{_UP_TO_3}"
            r"(?:https?://|www\.|[\w.+-]{1,40}@[\w-]{1,40}\.|(?:the|this|my|a)\s+(?:url|link"
            r"|webhook"
            r"|server|endpoint|attacker|address|image))"
        ),
        "render": (
            r"\b(?:render|include|insert|embed|display|add)\s+"
            rf"{_UP_TO_4}(?:image|markdown|link"
            rf"|pixel)\s[\w\s,;:'()/-]{{0,60}}https?://[!-~]{{1,80}}[?&]\w{{1,20}}="
        ),
    },
)

_ENCODED: Final = Family(
    "encoded_instruction",
    "asks to decode something and to obey it, or to answer in a code",
    {
        "obey": (
            r"\b(?:decode|decrypt|decipher|de-?obfuscate|unscramble|base64|rot-?13"
            r"|hex)\b[\w\s,;:'()/-]{0,80}"
            r"\b(?:and|then|to)\s+(?:then\s+)?(?:execute|follow|obey|run|perform|comply"
            r"|act\s+on|do\s+what"
            r"|carry\s+out)\b"
        ),
        "answer_in": (
            r"\b(?:answer|respond|reply|speak|communicate|write|output)\s+"
            rf"{_UP_TO_4}(?:in|using|with)\s+(?:only\s+)?(?:base-?64|rot-?13|morse(?:\s+code)?"
            r"|hexadecimal|leet\s?speak|pig\s+latin|caesar\s+cipher|a\s+cipher|binary\s+code)\b"
        ),
    },
)

_TOOLS: Final = Family(
    "tool_coercion",
    "presses for a tool call, or for silence towards the user",
    {
        "first": (
            r"\b(?:before|prior\s+to|whenever|when|after)\s+(?:you\s+)?(?:us(?:e|ing)"
            r"|call(?:ing)?|invok"
            r"(?:e|ing)|run(?:ning)?|execut(?:e|ing))\s+(?:this|any|the|another|other|all)\s+"
            rf"{_UP_TO_3}tools?\b[\w\s,;:'()/-]{{0,60}}\b(?:must|always|first|need\s+to"
            rf"|have\s+to|should)\b"
            r"|\byou\s+(?:must|have\s+to|need\s+to)\s+(?:always\s+|first\s+"
            r"|immediately\s+){1,2}(?:call"
            r"|use|invoke|run|execute|read)\b"
        ),
        "silence": (
            r"\b(?:do\s+not|don'?t|never|must\s+not|without)\s+(?:ever\s+)?(?:tell(?:ing)?"
            r"|mention(?:ing)?"
            r"|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|ask(?:ing)?|reveal(?:ing)?"
            r"|show(?:ing)?)\s+"
            rf"{_UP_TO_5}(?:to\s+)?(?:the\s+)?(?:user|human|customer|operator)s?\b"
        ),
        "important": r"<important>|\[important\s+instructions?\s+(?:for|to)\b",
    },
)

_ADDRESSED: Final = Family(
    "addressed_to_model",
    "a document that speaks to the model that reads it",
    {
        "note": (
            r"\b(?:note|message|instructions?|attention|notice|reminder"
            r"|hidden\s+\w{1,16})\s?(?:to|for|:)?\s+"
            r"(?:an?\s+|any\s+|the\s+|all\s+|every\s+)?(?:ai|llm|large\s+language\s+model"
            r"|language\s+model"
            r"|ai\s+(?:assistant|agent|model)|chatbot|chatgpt|virtual\s+assistant)s?\b"
        ),
        "if": (
            r"\b(?:if|when|as)\s+(?:you\s+are|you're|this\s+is\s+(?:read"
            r"|processed)\s+by)\s+an?\s+"
            r"(?:ai|llm|large\s+language\s+model|language\s+model|chatbot|automated\s+\w{1,12})\b"
        ),
        "must": (
            r"\b(?:ai|llm|language\s+model|ai\s+assistant|chatbot)s?\s+(?:that|which|who)\s+"
            r"(?:read|process|summari[sz]e|see|review)\w{0,3}\s+[\w\s,;:'()/-]{0,40}\b(?:must"
            r"|should|shall|have\s+to)\b"
        ),
    },
)

INJECTION: Final = (
    _OVERRIDE,
    _ROLE,
    _EXTRACTION,
    _DELIMITERS,
    _EXFILTRATION,
    _ENCODED,
    _TOOLS,
    _ADDRESSED,
)
"""The families of the detector `prompt_injection`."""
