"""Signs the requests of schemathesis at the last moment, so that what is signed is what goes over the wire.

A request is signed when it carries the placeholders, which the runner gives to all of them as headers: a webhook as the payment service
signs, any other with a key. A check that takes one away or puts nonsense there wants to see a 401, and then nothing is signed.
"""
import json, os, secrets, sys, time, urllib.parse

import requests
import schemathesis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "fixtures"))
from sign_orders_v1 import sign
from sign_webhook import sign as sign_webhook

PLACEHOLDER = os.environ["ORDERS_PLACEHOLDER"]
TENANT = os.environ["ORDERS_KEY_ID"], os.environ["ORDERS_SECRET"]
OPERATOR = os.environ["ORDERS_OPERATOR_KEY_ID"], os.environ["ORDERS_OPERATOR_SECRET"]
WEBHOOK_SECRET = os.environ["PAYMENT_WEBHOOK_SECRET"]

KEY_FIELDS = "signature", "signature-input"
WEBHOOK_FIELDS = "webhook-id", "webhook-timestamp", "webhook-signature"

send_unsigned = requests.Session.send


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def send(session, request, **options):
    fields = {text(name).lower(): text(value).strip() for name, value in request.headers.items()}
    url = urllib.parse.urlsplit(request.url)
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    is_webhook = url.path.startswith("/v1/webhooks/")
    if any(fields.get(name) != PLACEHOLDER for name in (WEBHOOK_FIELDS if is_webhook else KEY_FIELDS)):
        return send_unsigned(session, request, **options)
    if is_webhook:
        request.headers.update(sign_webhook(f"msg_{secrets.token_hex(16)}", int(time.time()), body, WEBHOOK_SECRET))
        return send_unsigned(session, request, **options)
    key_id, secret = OPERATOR if url.path.startswith("/v1/admin/") else TENANT
    signed = sign(request.method, url.path, url.query, body, key_id, secret, fields)
    # The runner's placeholder, or what was made up, gives way to the body's digest. Where even that is gone a check took it away.
    if request.headers.pop("Content-Digest", None) is None:
        signed.pop("Content-Digest", None)
    request.headers.update(signed)
    return send_unsigned(session, request, **options)


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def to_lines(_, documents):
    """One document a line. What was made up and is no list of them is one."""
    documents = documents if isinstance(documents, list) else [documents]
    return "".join(json.dumps(document, default=str) + "\n" for document in documents).encode()


@schemathesis.deserializer("application/x-ndjson")
def from_lines(_, response):
    return [json.loads(line) for line in response.content.splitlines()]


# Not a hook of schemathesis: those see a request before it is prepared, and its probes not at all.
requests.Session.send = send
