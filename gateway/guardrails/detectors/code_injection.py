"""Text that would run, or reach, something where a tool uses it unescaped. Pure: no I/O, no clock.

OWASP MCP05 (command injection), CWE-78 (shell), 89 (SQL), 22 (paths), 918 (SSRF), 1336 (templates),
79 (scripts), 502 (objects), 113 (CRLF). Made for the arguments of tool calls, each of which is one
value. The same signs are ordinary in prose and source code, so elsewhere, and in a value that is
longer than any such value is, nothing counts for more than LOW.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Candidate, Pattern, Validate
from gateway.guardrails.urls.internal import internal
from gateway.guardrails.urls.url import parsed
from gateway.model.passage import Part

_ELSEWHERE: Final = 0.5
"""The most that a finding counts for outside of arguments."""

_PARTS: Final = frozenset({Part.TOOL_ARGUMENTS})

_COMMANDS: Final = (
    r"(?:rm|cat|ls|id|whoami|uname|curl|wget|nc|ncat|netcat|bash|sh|zsh|dash|ksh|python[23]?|perl|"
    r"ruby|php|node|powershell|pwsh|cmd(?:\.exe)?|chmod|chown|sudo|su|kill|dd|mkfs|nohup|eval|exec|"
    r"source|ping|nslookup|dig|ssh|scp|sftp|telnet|touch|mv|cp|ln|tee|env|printenv|base64|xxd|openssl|"
    r"crontab|useradd|passwd|shutdown|reboot|certutil|bitsadmin|ifconfig|ipconfig|hostname|sleep|"
    r"socat|mkfifo|awk|sed|find|xargs|echo|printf|head|tail|less|more|type|dir|net|reg|wmic|schtasks)"
)
_SEVERE: Final = re.compile(
    r"rm\s+-[a-z]*[rf]|/etc/(?:passwd|shadow)|/dev/tcp/|mkfifo|\|\s*(?:ba|z|da|k)?sh\b|"
    r"(?:curl|wget)\b.{0,80}https?://|\bnc\b.{0,40}\s-e|base64\s+(?:-d|--decode)|certutil|"
    r"chmod\s+(?:\+x|[0-7]*7)|dd\s+if=|mkfs|authorized_keys|\bid_rsa\b|/bin/(?:ba)?sh|whoami|printenv",
    re.IGNORECASE | re.DOTALL,
)


def _careful(score: Callable[[Candidate], float | None]) -> Validate:
    """The score, where a value of a tool call is meant; LOW at most in anything else."""

    def validate(found: Candidate) -> float | None:
        known = score(found)
        if known is None or (found.part is Part.TOOL_ARGUMENTS and not _in_source(found)):
            return known
        return min(known, _ELSEWHERE)

    return validate


_SOURCE: Final = re.compile(
    r"^\s*(?:#!|import\s|from\s+\S+\s+import|def\s|class\s|return\b|if\s.*:$|for\s.*:$|#include|"
    r"package\s|func(?:tion)?\s|const\s|let\s|var\s|public\s|>>>|\$\s|\{$|\}|//|\"\"\"|'''|#\s)",
    re.MULTILINE,
)


def _in_source(found: Candidate) -> bool:
    """Whether lines around look like those of a program or a page that a tool is to write: two of
    them at least, or any where the text goes on far beyond."""
    around = f"{found.before}\n{found.after}"
    lines = found.before.count("\n") + found.after.count("\n")
    return lines >= 2 and (len(_SOURCE.findall(around)) >= 1 or lines >= 4)


def _fixed(score: float) -> Callable[[Candidate], float | None]:
    return lambda _found: score


def _shell(found: Candidate) -> float:
    severe = _SEVERE.search(found.text + found.after)
    return 0.9 if severe else 0.65


_ORDINARY: Final = re.compile(
    r"[\s;|&]*(?:python[23]?|perl|ruby|php|node|kill|eval|exec|source|touch|env|find|echo|sleep|head|"
    r"tail|less|more|type|dir|net|reg|id|su|ping|dig|tee|cut|sed|shutdown|reboot|passwd|hostname)"
    r"(?:\s+(?P<argument>\S+)|\s*$)",
    re.IGNORECASE,
)
"""Commands that are words of prose and of programs, too."""


def _chained(found: Candidate) -> float | None:
    """A command behind a separator. Without arguments it has to be the last word, or another
    separator follows; one that is an ordinary word needs an argument that is none."""
    alone = found.text.strip(" \t;&|\n").isalnum()
    if alone and found.after[:1] not in {"", ";", "|", "&", "#", "<", ">", "\n", "'", '"', "`"}:
        return None
    score = _shell(found)
    if score > 0.65:
        return score
    if found.text.startswith("\n"):
        return None
    word = _ORDINARY.match(found.text)
    argument = "" if word is None else word["argument"] or ""
    return 0.4 if argument.rstrip(".,;:!?").isalpha() else score


def _substitution(found: Candidate) -> float | None:
    inside = found.text.strip("`$()")
    if not re.match(rf"\s*(?:/\S{{1,40}}/)?{_COMMANDS}\b", inside, re.IGNORECASE):
        return None
    within_word = found.before[-1:].isalnum() or found.after[:1].isalnum()
    if found.text.startswith("`") and not within_word and not _SEVERE.search(inside):
        return 0.4  # what Markdown marks as code
    return 0.9 if _SEVERE.search(inside) else 0.7


def _tautology(found: Candidate) -> float | None:
    left, _, right = re.sub(r"(?i)^.*?\b(?:or|and)\b", "", found.text).partition("=")
    same = left.strip(" '\"()") == right.strip(" '\"()-#;")
    return 0.9 if same else 0.4


def _traversal(found: Candidate) -> float | None:
    text = found.text
    steps = len(re.findall(r"\.\.|%2e%2e|%252e", text, re.IGNORECASE))
    tail = (unquote(unquote(text)) + found.after).replace("\\", "/")
    if re.search(r"%|\.\.\.\.//|%c0|\\x2e", text, re.IGNORECASE):
        return 0.85
    if re.search(r"/(?:etc|proc|root|windows|boot)\b|\.ssh|\.aws|\.env\b", tail, re.IGNORECASE):
        return 0.9
    return 0.65 if steps >= 3 else 0.45 if steps == 2 else None


def _ssrf(found: Candidate) -> float | None:
    url = parsed(found.text)
    return None if url is None else internal(url)


def _template(found: Candidate) -> float | None:
    inside = found.text
    if re.search(
        r"__(?:class|globals|subclasses|mro|builtins|import|init)__|getRuntime|ProcessBuilder|"
        r"java\.lang|freemarker|\bos\.(?:popen|system)|child_process|constructor\b.{0,20}constructor|"
        r"jndi:|\bexec\s*\(|system\s*\(",
        inside,
        re.IGNORECASE,
    ):
        return 0.95
    return 0.65 if re.search(r"\d\s*\*\s*'?\d", inside) else None


def _script(found: Candidate) -> float | None:
    active = re.search(
        r"alert|document\.|cookie|fetch\s*\(|eval|location|onerror|window\.|src\s*=|import\s*\(",
        found.text + found.after,
        re.IGNORECASE,
    )
    return 0.85 if active else 0.45


def _sink(
    name: str,
    category: str,
    regex: str,
    score: Callable[[Candidate], float | None],
    longest: int = 320,
) -> Pattern:
    return Pattern(name, regex, category, validate=_careful(score), longest=longest, caseless=True)


_SHELL: Final = (
    _sink(
        "chained_command",
        "shell_injection",
        r"(?:;|&&|\|\|?|&|\n|%0a|\$IFS)[ \t]{0,9}(?:sudo[ ]{1,5})?(?:/[\w/]{1,40}/)?"
        rf"{_COMMANDS}"
        r"(?:[ \t][\t -%'-:<-{}~]{0,120}|\b)",
        _chained,
    ),
    _sink(
        "substituted_command",
        "shell_injection",
        r"\$\([\t -'*-~]{2,200}\)|`[\t -_a-~]{2,200}`",
        _substitution,
    ),
    _sink(
        "process_substitution", "shell_injection", r"[<>]\([ ]{0,3}(?:curl|wget|cat|nc)\b", _shell
    ),
    _sink("spaced_by_ifs", "shell_injection", r"\$\{?IFS\b", _fixed(0.9)),
    _sink(
        "reverse_shell",
        "shell_injection",
        r"/dev/(?:tcp|udp)/[\w.-]{1,80}/\d|\b(?:nc|ncat)\s[ -~]{0,60}-(?:e|c)\s{1,3}/?\w|"
        r"bash[ ]{1,3}-i[ ]{0,3}[>&0-9]",
        _fixed(0.95),
    ),
)

_SQL: Final = (
    _sink(
        "tautology",
        "sql_injection",
        r"['\")\s](?:or|and)[\s(]{1,5}['\"]?\w{1,20}['\"]?\s{0,3}=\s{0,3}['\"]?\w{1,20}['\"]?",
        lambda found: _tautology(found) if found.text[0] in "'\")" or _quoted(found) else None,
    ),
    _sink(
        "union_select",
        "sql_injection",
        r"\bunion(?:[\s+]|/\*\w{0,20}\*/|%20){1,5}(?:(?:all|distinct)(?:[\s+]|/\*\w{0,20}\*/|%20){1,5})?select\b",
        lambda found: 0.9 if _breaks_out(found) else 0.45,
    ),
    _sink(
        "stacked_statement",
        "sql_injection",
        r"['\")0-9]\s{0,5};\s{0,5}(?:drop|delete|insert|update|alter|truncate|create|exec|grant|"
        r"shutdown|declare)\s{1,5}\w{1,30}",
        lambda found: 0.9 if _ends_in_comment(found) or found.text[0] in "'\"" else 0.5,
    ),
    _sink(
        "comment_out",
        "sql_injection",
        r"\w{0,30}['\"]\)?\s{0,3}(?:--|#|/\*)[ \t]{0,3}",
        lambda found: None if found.after else 0.7,
    ),
    _sink(
        "blind",
        "sql_injection",
        r"\b(?:sleep\s{0,2}\(\s{0,2}\d{1,3}\s{0,2}\)|benchmark\s{0,2}\(\s{0,2}\d{3,9}|"
        r"waitfor\s{1,5}delay\s{1,5}'|pg_sleep\s{0,2}\(|xp_cmdshell|into\s{1,5}(?:out|dump)file\b|"
        r"load_file\s{0,2}\(|information_schema\.tables|extractvalue\s{0,2}\(|updatexml\s{0,2}\()",
        lambda found: 0.85 if _breaks_out(found) else 0.45,
    ),
)


def _quoted(found: Candidate) -> bool:
    """Whether something before the match ends a text in quotes, or a number is all of it."""
    return bool(re.search(r"(?:['\")]|^\s*-?\d+)\s*$", found.before))


_STATEMENT: Final = re.compile(
    r"\b(?:select|insert|update|delete|with)\b.*\b(?:from|into|set|as)\b", re.DOTALL
)


def _breaks_out(found: Candidate) -> bool:
    """Whether what is before it can end the value that it stands in, as no statement begins so."""
    before = found.before.strip().lower()
    if _STATEMENT.search(before):
        return False
    return bool(re.search(r"['\")]|^-?\d+\b", before)) or _ends_in_comment(found)


def _ends_in_comment(found: Candidate) -> bool:
    return bool(re.search(r"(?:--|#|/\*)[\s\w;]{0,10}$", found.after))


_PATHS: Final = (
    _sink(
        "parent_folders",
        "path_traversal",
        r"(?:(?:\.\.|%2e%2e|%252e%252e|\.%2e|%2e\.)(?:/|\\|%2f|%5c|%252f|%255c|%c0%af)){1,20}"
        r"[\w.~%-]{0,60}",
        _traversal,
    ),
    _sink("doubled_dots", "path_traversal", r"(?:\.\.\.\.(?://|\\\\)){1,20}", _fixed(0.85)),
    _sink("null_byte", "path_traversal", r"[\w/.-]{1,80}%00(?:\.[a-z]{2,5})?", _fixed(0.8)),
    _sink(
        "system_file",
        "path_traversal",
        r"(?:/etc/(?:passwd|shadow|sudoers|hosts)\b|/proc/(?:self|\d{1,7})/(?:environ|mem|cmdline|fd)|"
        r"(?:~|/root|/home/[\w.-]{1,40})/\.(?:ssh/|aws/cred|kube/config|netrc|docker/config|bash_hist)|"
        r"c:\\windows\\system32\\(?:config|drivers))",
        _fixed(0.75),
    ),
)

_SSRF: Final = (
    _sink(
        "internal_url",
        "ssrf",
        r"https?:[/\\]{2,4}[\w.%@:\[\]-]{1,255}",
        _ssrf,
        300,
    ),
    _sink(
        "other_scheme",
        "ssrf",
        r"\b(?:gopher|dict|ldaps?|tftp|jar|netdoc|phar|expect|sftp)://[!#-&(-;=?-~]{1,200}",
        _fixed(0.85),
    ),
    _sink("file_url", "ssrf", r"\bfile:/{1,3}[!#-&(-;=?-~]{1,200}", _fixed(0.7)),
    _sink(
        "metadata_host",
        "ssrf",
        r"(?:169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|100\.100\.100\.200|"
        r"fd00:ec2::254)",
        _fixed(0.9),
    ),
    _sink(
        "php_wrapper",
        "ssrf",
        r"\bphp://(?:filter|input|expect|data)[!#-&(-;=?-~]{0,200}",
        _fixed(0.9),
    ),
)

_OTHERS: Final = (
    _sink("curly_template", "template_injection", r"\{\{[\t -z|~]{1,200}\}\}", _template),
    _sink("dollar_template", "template_injection", r"[$#*@]\{[\t -z|~]{1,200}\}", _template),
    _sink("erb_template", "template_injection", r"<%=?[\t -$&-~]{1,200}%>", _template),
    _sink("block_template", "template_injection", r"\{%[\t -$&-~]{1,200}%\}", _template),
    _sink(
        "jndi",
        "template_injection",
        r"\$\{\s{0,3}jndi:|\$\{\s{0,3}\$\{\s{0,3}(?:lower|upper|env|sys|date|::?-)[ -~]{1,60}:",
        _fixed(0.95),
    ),
    _sink(
        "python_gadget",
        "template_injection",
        r"__class__\s{0,3}\.\s{0,3}__(?:mro|bases?|subclasses|init)|__subclasses__\s{0,3}\(|\.__globals__|__builtins__\s{0,3}[.\[]",
        _fixed(0.75),
    ),
    _sink(
        "script_element", "xss", r"<script\b[\t\n -;=?-~]{0,200}>[\t\n -;=-~]{0,200}", _script, 450
    ),
    _sink(
        "event_handler",
        "xss",
        r"<[a-z][a-z0-9]{0,15}[\s/][\t\n -;=?-~]{0,200}\b"
        r"on(?:error|load|click|mouse\w{2,5}|focus|blur|toggle|begin|start|"
        r"animation\w{3,9}|pointer\w{2,6})\s{0,3}=[\t\n -;=?-~]{1,120}",
        lambda found: 0.85 if re.search(r"\(|`", found.text.partition("=")[2]) else 0.5,
        400,
    ),
    _sink(
        "script_url",
        "xss",
        r"\bjavascript:[!#-&(-;=?-~]{0,10}(?:alert|fetch|eval|document|window)",
        _fixed(0.75),
    ),
    _sink(
        "python_object",
        "deserialization",
        r"\bc(?:os|posix|nt|subprocess|builtins|__builtin__)\n(?:system|popen|Popen|eval|exec)\n|"
        r"!!python/(?:object|name|module)|cposix\\nsystem",
        _fixed(0.95),
    ),
    _sink(
        "java_object",
        "deserialization",
        r"\brO0AB[A-Za-z0-9+/]{2,80}|\baced0005[0-9a-f]{2,80}",
        _fixed(0.9),
    ),
    _sink(
        "php_object", "deserialization", r"\b[OC]:\d{1,4}:\"[\w\\]{1,80}\":\d{1,4}:\{", _fixed(0.85)
    ),
    _sink("net_object", "deserialization", r"\bAAEAAAD/////[A-Za-z0-9+/]{0,80}", _fixed(0.9)),
    _sink(
        "yaml_object",
        "deserialization",
        r"!!(?:javax|java|com\.sun|org\.)[\w.]{1,100}|!ruby/object[:\w]{0,80}|"
        r"\"\$type\"\s{0,3}:\s{0,3}\"System\.[\w.]{1,100}",
        _fixed(0.9),
    ),
    _sink(
        "header_injection",
        "crlf_injection",
        r"(?:%0d%0a|%0a|%0d|\r\n|\\r\\n)[ ]{0,2}(?:set-cookie|location|content-type|content-length|"
        r"host|transfer-encoding|http/1|x-[\w-]{2,40}|bcc|cc|to|from|subject)\s{0,2}"
        r"[:/][\t -~]{1,120}",
        lambda found: 0.85 if found.text[0] in "%\\" else 0.5 if "\n" in found.after else 0.7,
    ),
)

DETECTOR: Final = Detector(
    name="code_injection",
    summary="Arguments of tools that would run or reach something: shell, SQL, paths, SSRF.",
    categories={
        "shell_injection": "Commands chained to, or substituted in, an argument.",
        "sql_injection": "Text that ends a value and goes on as SQL.",
        "path_traversal": "Paths that lead out of their folder, also encoded; files of the system.",
        "ssrf": "URLs of metadata services, of internal hosts, and of other schemes.",
        "template_injection": "Expressions that a template engine or a logger would evaluate.",
        "xss": "HTML that runs a script.",
        "deserialization": "Serialised objects that run code when they are read.",
        "crlf_injection": "Line ends that begin another header.",
    },
    options=NoOptions,
    prepare=lambda _options: Prepared(
        patterns=(*_SHELL, *_SQL, *_PATHS, *_SSRF, *_OTHERS), parts=_PARTS
    ),
)
