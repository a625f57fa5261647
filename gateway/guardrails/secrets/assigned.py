"""Secrets that are known by the name that they are assigned to. Pure: no I/O, no clock.

These keys have no form of their own: hexadecimal digits, a UUID, letters and digits. The name of
the issuer, or a word for a secret, stands before the value, and the value has to look drawn at
random.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.entropy import entropy, is_random
from gateway.guardrails.secrets.placeholder import is_placeholder
from gateway.guardrails.secrets.token import ASSIGN, LIKELY, keyed

_ISSUERS: Final = """
adafruit adobe airtable algolia alibaba aliyun asana atlassian auth0 beamer bitbucket bittrex box_
braintree brevo calendly checkout circleci clearbit cloudflare cloudinary codecov cohere co_api
coinbase confluent contentful coveralls datadog dd_api deepgram deepl deepseek discord docusign
doppler droneci dropbox duffel dynatrace elevenlabs elastic etherscan etsy facebook fastly
finicity finnhub firebase flickr flutterwave freemius freshbooks freshdesk gitea gitter gocardless
heroku honeycomb hubspot ibm_cloud infura instagram intercom ipinfo jfrog artifactory jira jenkins
jumpcloud klaviyo kraken kucoin launchdarkly linear linkedin lob_ logzio looker mailchimp mailgun
mapbox mattermost maxmind meraki messagebird mistral mixpanel moralis netlify new_?relic newsapi
notion nytimes octopus okta onesignal openai openweather opsgenie pagerduty paypal pinecone plaid
postmark privateai pubnub pusher quicknode rapidapi razorpay readme recaptcha rollbar salesforce
scaleway segment sendbird sendgrid sentry shippo shodan shopify slack snyk sonar sourcegraph
splunk spotify squarespace square strava stripe sumo supabase telegram together_?ai travis trello
twilio twitch twitter typeform unsplash vercel virustotal vultr weatherstack yandex zendesk zoom
zscaler
"""
_PORTION: Final = 45
"""Names in one pattern: Hyperscan has a limit on its size."""
_NAMES: Final = (
    r"api[_\-.]?key|api[_\-.]?token|api[_\-.]?secret|app[_\-.]?secret|app[_\-.]?key|access[_\-.]?key"
    r"|access[_\-.]?token|auth[_\-.]?token|auth[_\-.]?key|bearer[_\-.]?token|client[_\-.]?secret"
    r"|consumer[_\-.]?secret|encryption[_\-.]?key|jwt[_\-.]?secret|master[_\-.]?key"
    r"|oauth[_\-.]?token|private[_\-.]?key|refresh[_\-.]?token|secret[_\-.]?key"
    r"|secret[_\-.]?token|service[_\-.]?key|session[_\-.]?secret|shared[_\-.]?secret"
    r"|signing[_\-.]?(?:key|secret)|webhook[_\-.]?secret|credentials?|secret|token"
)
_TOLD_NAMES: Final = r"password|passwd|passphrase|passcode|pwd|db_?pass|_pass|userpass"
_NOT_SECRET: Final = re.compile(
    r"public|pubkey|csrf|xsrf|_?ids?\b|_?id[\"'`\] ]*[:=]|version|hash|sha\d|md5|digest|checksum"
    r"|commit|fingerprint|etag|revision|url|uri|host|path|file|name|type|audience|continuation|page|cursor"
    r"|nextpage|next_?token|count|length|size|limit|usage|index|format|pattern|regex|cache",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[\w.\-\[\]\"'` :=>|,<\\]{0,48}$")
_NAMED_IS_PASSWORD: Final = 3
_LEAST_PASSWORD_ENTROPY: Final = 2.5
_VALUE: Final = r"[!#-&(-+\--:=?-_a-~]{8,64}"
"""Visible ASCII but quotation marks, commas, semicolons and angle brackets."""
_OF_ISSUER: Final = r"[A-Za-z0-9_\-=.]{16,128}"
_CALL: Final = frozenset("([")


def _portions() -> Iterator[str]:
    names = _ISSUERS.split()
    for start in range(0, len(names), _PORTION):
        yield "|".join(names[start : start + _PORTION])


def _assigned(candidate: Candidate) -> float | None:
    """Random, of letters and digits, under a name that does not say that it is public."""
    text, after = candidate.text, candidate.after[:1]
    if after.isalnum() or after in _CALL or is_placeholder(text):
        return None
    if not is_random(text):
        return None
    name = _NAME.search(candidate.before)
    return None if name and _NOT_SECRET.search(name.group()) else LIKELY


def _password(candidate: Candidate) -> float | None:
    """Of 8 characters or more and three of: lower case, upper case, digits, other signs."""
    text = candidate.text
    if candidate.after[:1] in _CALL or is_placeholder(text):
        return None
    name = _NAME.search(candidate.before)
    if name and _NOT_SECRET.search(name.group()):
        return None
    classes = (
        any(c.islower() for c in text)
        + any(c.isupper() for c in text)
        + any(c.isdigit() for c in text)
        + any(not c.isalnum() and c not in "_-.," for c in text)
    )
    if classes < _NAMED_IS_PASSWORD or not any(c.isdigit() for c in text):
        return None
    return LIKELY if entropy(text) >= _LEAST_PASSWORD_ENTROPY else None


ASSIGNED: Final[tuple[Kind, ...]] = (
    Kind(
        "api_key",
        "key or token after the name of its issuer or a word such as api_key, secret, token",
        (
            *(
                keyed(f"api_key_of_issuer_{number}", "api_key", words, _OF_ISSUER, _assigned)
                for number, words in enumerate(_portions())
            ),
            keyed(
                "api_key_assigned",
                "api_key",
                _NAMES,
                r"[A-Za-z0-9_\-=.+/]{16,128}",
                _assigned,
            ),
            Pattern(
                name="vault_legacy_token",
                regex=r"\b(s\.[A-Za-z0-9]{24})\b",
                category="api_key",
                group=1,
                validate=_assigned,
            ),
        ),
    ),
    Kind(
        "password",
        "password that is assigned, or told in a sentence",
        (
            Pattern(
                name="password_assigned",
                regex=rf"(?:{_TOLD_NAMES})[\w.\-]{{0,12}}{ASSIGN}({_VALUE})",
                category="password",
                group=1,
                caseless=True,
                validate=_password,
            ),
            Pattern(
                name="password_option",
                regex=r"--?(?:password|passwd|pass|pw)[ \t=]{1,3}[\"']?(" + _VALUE + ")",
                category="password",
                group=1,
                caseless=True,
                validate=_password,
            ),
            Pattern(
                name="password_told",
                regex=r"\b(?:password|passwd|passphrase|passcode)(?: for [\w@.\- ]{1,40})?"
                r"(?: is| was|:)(?: now| set to)?:? [\"'`]?(" + _VALUE + ")",
                category="password",
                group=1,
                caseless=True,
                validate=_password,
            ),
            Pattern(
                name="password_element",
                regex=r"<(?:password|passwd|pwd|secret|apikey|token)>(" + _VALUE + r")</",
                category="password",
                group=1,
                caseless=True,
                validate=_password,
            ),
        ),
    ),
)
