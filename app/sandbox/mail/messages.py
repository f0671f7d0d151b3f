"""Takes a mail apart into what a reader sees."""

import base64
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from app.sandbox.store import Document


def read_message(raw: bytes) -> Document:
    """Return subject, sender, both bodies, headers and attachments of a mail."""
    message = message_from_bytes(raw, policy=policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    return {
        "subject": str(message.get("subject", "")),
        "from": str(message.get("from", "")),
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": _text(text),
        "html": _text(html),
        "attachments": [
            _attachment(part, number) for number, part in enumerate(_files(message, text, html))
        ],
    }


def _text(part: Any) -> str:
    return part.get_content().replace("\r\n", "\n") if part is not None else ""


def _files(message: EmailMessage, *bodies: Any) -> list[EmailMessage]:
    return [
        part
        for part in message.walk()
        if not part.is_multipart()
        and part not in bodies
        and (part.get_filename() or part.get_content_maintype() != "text")
    ]


def _attachment(part: EmailMessage, number: int) -> Document:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return {
        "name": part.get_filename() or f"part-{number + 1}",
        "type": part.get_content_type(),
        "size": len(data),
        "cid": (part.get("content-id") or "").strip("<> "),
        "data": base64.b64encode(data).decode(),
    }


def html_for_frame(mail: Document, address: str) -> str:
    """Return the HTML body for a sandboxed frame: its own pictures inline, its links opening outside of it."""
    html: str = mail["html"]
    for number, attachment in enumerate(mail["attachments"]):
        if attachment["cid"]:
            html = html.replace(f"cid:{attachment['cid']}", f"{address}/attachments/{number}")
    base = '<base target="_blank">'
    if re.search(r"<head[^>]*>", html, re.IGNORECASE):
        return re.sub(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return base + html
