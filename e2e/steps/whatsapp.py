"""Webhooks as Meta sends them, signed by our own hand over the very bytes that go out."""

import copy
import hashlib
import hmac
import itertools
import json
import time
import uuid
from typing import Any

import httpx2

from steps.paths import WEBHOOK_SAMPLES

Body = dict[str, Any]

_customers = itertools.count(1)


def samples() -> dict[str, Body]:
    """The 21 sample webhooks of Meta's collection, by name."""
    loaded = json.loads(WEBHOOK_SAMPLES.read_text())
    return loaded.get("samples", loaded)


def a_number() -> str:
    """A customer's number nobody used before in this run (São Paulo, with the ninth digit)."""
    return f"55119{uuid.uuid4().int % 10**4:04d}{next(_customers):04d}"


def a_wamid() -> str:
    """A message id in Meta's form."""
    return f"wamid.{uuid.uuid4().hex.upper()}"


def text(phone_number_id: str, sender: str, words: str, *, name: str = "Cliente", wamid: str | None = None) -> Body:
    """Meta's sample of a text message, with this number, sender, time and text."""
    body = copy.deepcopy(samples()["Received Text Message"])
    value = body["entry"][0]["changes"][0]["value"]
    value["metadata"]["phone_number_id"] = phone_number_id
    value["contacts"] = [{"profile": {"name": name}, "wa_id": sender}]
    value["messages"][0] |= {
        "from": sender,
        "id": wamid or a_wamid(),
        "timestamp": str(int(time.time())),
        "text": {"body": words},
    }
    return body


def text_with_user_id(phone_number_id: str, user_id: str, words: str, *, sender: str | None, name: str = "Cliente") -> Body:
    """The same in today's shape: a business-scoped user id beside the phone number, or without one."""
    body = text(phone_number_id, sender or "", words, name=name)
    value = body["entry"][0]["changes"][0]["value"]
    value["contacts"][0]["user_id"] = user_id
    value["messages"][0]["from_user_id"] = user_id
    if sender is None:
        del value["contacts"][0]["wa_id"]
        del value["messages"][0]["from"]
    return body


def for_number(sample: Body, phone_number_id: str) -> Body:
    """A sample addressed to this number, its messages with ids and a sender of their own (the collection has words
    like PHONE_NUMBER there)."""
    body = copy.deepcopy(sample)
    sender = a_number()
    for entry in body["entry"]:
        for change in entry["changes"]:
            value = change["value"]
            value["metadata"]["phone_number_id"] = phone_number_id
            for contact in value.get("contacts", []):
                contact["wa_id"] = sender
            for message in value.get("messages", []):
                message |= {"id": a_wamid(), "from": sender}
    return body


def message_id(body: Body) -> str:
    """The id of its one message."""
    return body["entry"][0]["changes"][0]["value"]["messages"][0]["id"]


def signature(raw: bytes, app_secret: str) -> str:
    """What Meta puts into X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def post(url: str, body: Body, app_secret: str, *, signed: str | None = None) -> httpx2.Response:
    """Delivers a webhook; `signed` replaces the right signature by another one. Non-ASCII goes escaped, as Meta's."""
    raw = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": signature(raw, app_secret) if signed is None else signed,
    }
    return httpx2.post(url, content=raw, headers=headers, timeout=10)
