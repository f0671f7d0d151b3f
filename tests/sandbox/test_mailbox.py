"""Mail that was sent over SMTP can be read as a page and as JSON."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import httpx
import pytest

from app.sandbox.launch import RunningSandbox

PDF = b"%PDF-1.7 bytes \x00\xff"
JSON = {"Accept": "application/json"}


def mail(to: str = "owner@acme.example.com", subject: str = "Invoice") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Turnpike <billing@turnpike.example.com>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Pay here: http://product.example.com/pay?a=1&b=2")
    message.add_alternative(
        "<html><head></head><body><script>x</script><a href='http://product.example.com/pay'>Pay</a></body></html>",
        subtype="html",
    )
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="INV-1.pdf")
    return message


def send(sandbox: RunningSandbox, message: EmailMessage) -> None:
    with smtplib.SMTP(sandbox.smtp_host, sandbox.smtp_port) as client:
        client.send_message(message)


def test_mail_is_listed_newest_first_with_its_attachment_s_exact_bytes(
    sandbox: RunningSandbox,
) -> None:
    send(sandbox, mail(subject="First"))
    send(sandbox, mail(subject="发票 2"))
    newest, first = httpx.get(sandbox.mailbox_url, headers=JSON).json()
    assert (newest["subject"], first["subject"]) == ("发票 2", "First")
    assert newest["to"] == "owner@acme.example.com"
    assert newest["text"] == "Pay here: http://product.example.com/pay?a=1&b=2\n"
    assert "<a href=" in newest["html"]
    (attachment,) = newest["attachments"]
    assert (attachment["name"], attachment["size"]) == ("INV-1.pdf", len(PDF))
    assert httpx.get(attachment["url"]).content == PDF


def test_one_recipient_s_mail_can_be_asked_for(sandbox: RunningSandbox) -> None:
    send(sandbox, mail("a@acme.example.com"))
    send(sandbox, mail("b@acme.example.com"))
    found = httpx.get(sandbox.mailbox_url, headers=JSON, params={"to": "A@acme.example.com"})
    assert [row["to"] for row in found.json()] == ["a@acme.example.com"]


@pytest.mark.parametrize("code", [451, 550])
def test_an_address_can_be_refused_some_times(
    sandbox: RunningSandbox, control: httpx.Client, code: int
) -> None:
    rule = {"address": "*@acme.example.com", "code": code, "times": 1}
    control.post("mail/refusals", json=rule).raise_for_status()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(sandbox, mail())
    assert caught.value.recipients["owner@acme.example.com"][0] == code
    send(sandbox, mail())
    assert len(httpx.get(sandbox.mailbox_url, headers=JSON).json()) == 1


def test_a_mail_s_html_runs_no_script_and_its_links_open_outside(
    sandbox: RunningSandbox, browser: httpx.Client
) -> None:
    send(sandbox, mail())
    (row,) = httpx.get(sandbox.mailbox_url, headers=JSON).json()
    page = browser.get(f"/mailbox/{row['id']}")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    frame = browser.get(f"/mailbox/{row['id']}/html")
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert '<head><base target="_blank">' in frame.text
    assert browser.get("/mailbox/none").status_code == 404
