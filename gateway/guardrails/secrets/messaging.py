"""Keys and webhooks of chat, mail and telephony services. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.secrets.token import token

MESSAGING: Final[tuple[Kind, ...]] = (
    token(
        "slack_token",
        "Slack token",
        r"xox[bp]-\d{10,13}-\d{10,13}(?:-\d{10,13})?-[A-Za-z0-9]{24,34}",
        r"xoxb-\d{8,14}-[A-Za-z0-9]{18,26}",
        r"xox[osarp]-(?:\d-)?[A-Za-z0-9]{10,48}(?:-[A-Za-z0-9]{8,48}){1,4}",
        r"xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{140,180}",
        r"xapp-\d-[A-Z0-9]{8,13}-\d{10,14}-[a-z0-9]{32,70}",
        r"xox[cd]-[\w%\-]{40,200}",
        least=3.2,
        opening=r"xoxe(?:\.xox[bp])?-\d-|xox[cd]-",
        longest=270,
    ),
    token(
        "slack_webhook",
        "Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,80}",
    ),
    token(
        "teams_webhook",
        "Microsoft Teams webhook",
        r"[a-z0-9\-]{1,60}\.webhook\.office\.com/webhookb2/[a-z0-9@\-]{36,80}/IncomingWebhook/[a-f0-9]{32}/[a-f0-9\-]{36}",
        opening=r"\.webhook\.office\.com/",
    ),
    token(
        "discord_token",
        "Discord bot token or webhook",
        r"[MNO][A-Za-z\d_\-]{23,27}\.[A-Za-z\d_\-]{6}\.[A-Za-z\d_\-]{27,38}",
        r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w\-]{60,72}",
        least=4.0,
    ),
    token("telegram_token", "Telegram bot token", r"\d{8,10}:A[A-Za-z0-9_\-]{34}", least=4.0),
    token("twilio_key", "Twilio key", r"SK[0-9a-f]{32}", least=3.0),
    token("sendgrid_key", "SendGrid key", r"SG\.[\w\-]{22}\.[\w\-]{43}", least=3.5),
    token("sendinblue_key", "Brevo (Sendinblue) key", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    token(
        "mailgun_key",
        "Mailgun key",
        r"(?:key|pubkey)-[a-f0-9]{32}",
        r"[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}",
    ),
    token("mailchimp_key", "Mailchimp key", r"[a-f0-9]{32}-us\d{1,2}"),
    token("mandrill_key", "Mandrill key", r"md-[A-Za-z0-9_\-]{22}", least=3.8),
    token(
        "facebook_token",
        "Facebook token",
        r"\d{15,16}(?:\||%7C)[A-Za-z0-9\-_]{27}",
        r"EAA[MC][A-Za-z0-9]{100,512}",
        least=3.5,
        longest=520,
        opening=r"EAA[MC][A-Za-z0-9]{20}",
    ),
    token("frameio_token", "Frame.io token", r"fio-u-[A-Za-z0-9\-_=]{64}"),
    token("courier_key", "Courier key", r"pk_(?:prod|test)_[A-Z0-9]{28}"),
)
