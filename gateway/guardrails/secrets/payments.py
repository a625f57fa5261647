"""Keys of payment services and shops. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.secrets.token import token

PAYMENTS: Final[tuple[Kind, ...]] = (
    token(
        "stripe_key",
        "Stripe secret or restricted key, webhook secret",
        r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,200}",
        r"whsec_[A-Za-z0-9+/]{32,64}={0,2}",
        opening=r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10}",
    ),
    token("shopify_token", "Shopify token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    token(
        "square_token",
        "Square token",
        r"sq0(?:atp|csp)-[\w\-]{22,43}",
        r"EAAA[\w\-]{60}",
        least=3.5,
    ),
    token(
        "braintree_token",
        "Braintree or PayPal access token",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    token(
        "flutterwave_key", "Flutterwave key", r"FLW(?:PUB|SEC)K(?:_TEST)?-[a-h0-9]{12,32}(?:-X)?"
    ),
    token("easypost_token", "EasyPost token", r"EZ[AT]K[A-Za-z0-9]{54}", least=3.5),
    token("shippo_token", "Shippo token", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    token("duffel_token", "Duffel token", r"duffel_(?:test|live)_[\w\-=]{43}"),
    token("gocardless_token", "GoCardless token", r"live_[\w\-=]{40}", least=4.0),
    token(
        "plaid_token",
        "Plaid access token",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("razorpay_key", "Razorpay key id", r"rzp_(?:live|test)_[A-Za-z0-9]{14}"),
    token("lob_key", "Lob key", r"(?:live|test)_(?:pub_)?[a-f0-9]{35}"),
    token(
        "adyen_key",
        "Adyen key",
        r"AQE[A-Za-z0-9+/]{5}[A-Za-z0-9+/]{90,120}-[A-Za-z0-9+/=]{40,50}-[\w^~!@#$%&*+={}\[\]<>?,.;:|]{10,20}",
        opening=r"AQE[A-Za-z0-9+/]{30}",
    ),
)
