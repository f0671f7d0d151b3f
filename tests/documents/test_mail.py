from __future__ import annotations

import datetime as dt
import json
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.core.invoice_document import Brand, Locale
from app.core.money import Money
from app.core.phrases import Phrase, to_json
from app.documents import mail_templates
from app.documents.mail import MailParamsError, RenderedMail, UnknownTemplateError, render_mail
from tests.documents.mail_samples import PARAMS

SITE = "https://portal.example.com"
EVERY = [(template, locale) for template in PARAMS for locale in Locale]
TEXTS = {mail_templates.text, mail_templates.sentence}
HOSTILE = "</td><script>alert(1)</script>\r\nBcc: all@example.com \"'&\u202e\x00"


def rendered(template: str, locale: str = "en", **changes: Any) -> RenderedMail:
    return render_mail(
        template,
        {**PARAMS[template], **changes},
        locale=locale,
        brand=Brand("Turnpike"),
        site_url=SITE,
    )


class Tags(HTMLParser):
    """Collects elements, links and visible words, and checks that what opens closes."""

    VOID = {"meta", "br", "img", "!doctype"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def test_there_is_a_sample_of_every_mail() -> None:
    assert set(PARAMS) == set(mail_templates.TEMPLATES)


@pytest.mark.parametrize(("template", "locale"), EVERY)
def test_every_mail_is_whole_in_every_language(template: str, locale: Locale) -> None:
    mail = rendered(template, locale)
    page = Tags(mail.html)
    visible = "".join(page.words)
    assert not page.open
    assert "{" not in visible + mail.text + mail.subject
    assert mail.subject in visible
    assert mail.text.startswith(mail.subject)
    assert all(link.startswith(SITE) for link in page.links)
    assert mail.html.count('class="button"') == 1


@pytest.mark.parametrize(("template", "locale"), EVERY)
def test_the_twin_says_what_the_page_says(template: str, locale: Locale) -> None:
    mail = rendered(template, locale)
    button = SITE + PARAMS[template]["url"]
    assert button in mail.text
    assert button in Tags(mail.html).links
    flat = "".join(mail.text.split())
    for word in Tags(mail.html).words:
        part = "".join(word.split())
        assert part in flat or "link" in word or "链接" in word or len(part) == 1, word


@pytest.mark.parametrize(("template", "locale"), EVERY)
def test_the_same_parameters_give_the_same_mail(template: str, locale: Locale) -> None:
    assert rendered(template, locale) == rendered(template, locale)


@pytest.mark.parametrize(("template", "locale"), EVERY)
def test_hostile_words_are_only_words(template: str, locale: Locale) -> None:
    readers = mail_templates.TEMPLATES[template]
    hostile = {name: HOSTILE for name, reader in readers.items() if reader in TEXTS}
    mail = render_mail(
        template,
        {**PARAMS[template], **hostile},
        locale=locale,
        brand=Brand(HOSTILE),
        site_url=SITE,
    )
    page = Tags(mail.html)
    assert "script" not in page.seen
    assert not page.open
    for text in (mail.subject, mail.text, mail.html):
        assert "\r" not in text
        assert "\x00" not in text
        assert "\u202e" not in text
    assert "\n" not in mail.subject
    message = EmailMessage()
    message["Subject"] = mail.subject
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    assert "Bcc" not in message


@pytest.mark.parametrize("template", PARAMS)
def test_a_missing_parameter_is_an_error(template: str) -> None:
    for name in PARAMS[template]:
        params = {key: value for key, value in PARAMS[template].items() if key != name}
        with pytest.raises(MailParamsError, match=name):
            render_mail(template, params, locale="en", brand=Brand("Turnpike"), site_url=SITE)


def test_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(MailParamsError, match="surprise"):
        rendered("tenant_resumed", surprise="x")


def test_an_unknown_mail_is_an_error() -> None:
    with pytest.raises(UnknownTemplateError):
        render_mail("no_such", {}, locale="en", brand=Brand("Turnpike"), site_url=SITE)


@pytest.mark.parametrize(
    ("template", "name", "value"),
    [
        ("invoice", "total", 231),
        ("invoice", "total", "231"),
        ("invoice", "total", "231.00 XXX"),
        ("invoice", "due_on", "soon"),
        ("invoice", "due_on", dt.datetime(2026, 12, 15, tzinfo=dt.UTC)),
        ("invoice", "period", ("2026-12-01", "2026-11-01")),
        ("invoice", "period", "2026-11"),
        ("invoice", "number", None),
        ("invoice", "pay", {"phrase": 1}),
        ("invoice", "url", "javascript:alert(1)"),
        ("invoice", "url", "//evil.example.com"),
        ("invoice", "url", "/\\evil.example.com"),
        ("invoice", "url", "https://a b"),
        ("invoice", "url", 7),
        ("confirm_email", "hours", "24"),
        ("confirm_email", "hours", True),
        ("tenant_resumed", "at", dt.datetime(2026, 11, 21)),
        ("tenant_resumed", "at", "2026-11-21T09:30:00"),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error(template: str, name: str, value: Any) -> None:
    with pytest.raises(MailParamsError, match=name):
        rendered(template, **{name: value})


@pytest.mark.parametrize(
    "changes",
    [{"pay": Phrase.of("no.such.phrase")}, {"pay": Phrase.of("pay.card.detail", card="Visa")}],
)
def test_a_phrase_that_cannot_be_said_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rendered("invoice", **changes)


def test_an_unknown_agreement_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"agreement\.rules"):
        rendered("terms_updated", agreement="rules")


def test_the_subject_says_the_fact() -> None:
    assert rendered("invoice").subject == "Invoice TP-2026-00042: $231.00 due 15 Dec"
    chinese = rendered("invoice", "zh-CN", total=Money.of("17405.73", "CNY"))
    assert chinese.subject == "账单 TP-2026-00042：¥17,405.73，12月15日前支付"


def test_parameters_may_come_as_json() -> None:
    params = PARAMS["invoice"]
    form = {
        **params,
        "total": str(params["total"]),
        "due_on": params["due_on"].isoformat(),
        "period": [day.isoformat() for day in params["period"]],
        "pay": to_json(params["pay"]),
    }
    assert rendered("invoice", **json.loads(json.dumps(form))) == rendered("invoice")
    at = PARAMS["tenant_resumed"]["at"]
    for written in (at.isoformat(), "2026-11-21T09:30:00Z", "2026-11-21T17:30:00+08:00"):
        assert rendered("tenant_resumed", at=written) == rendered("tenant_resumed")


def test_an_address_typed_by_a_customer_is_not_made_a_link() -> None:
    mail = rendered("tenant_suspended", tenant="https://evil.example.org/x")
    hosts = {urlsplit(link).hostname for link in Tags(mail.html).links}
    assert hosts == {"portal.example.com"}


def test_a_pay_link_elsewhere_is_kept() -> None:
    mail = rendered("payment_due_soon", url="https://pay.example.net/abc?x=1&y=2")
    assert "https://pay.example.net/abc?x=1&y=2" in Tags(mail.html).links


def test_one_hour_is_not_plural() -> None:
    assert "for 1 hour." in rendered("reset_password", hours=1).text
    assert "for 24 hours." in rendered("confirm_email", hours=24).text


def test_a_very_long_name_does_not_flood_the_subject() -> None:
    subject = rendered("tenant_suspended", tenant="Toys " * 500).subject
    assert len(subject) <= 180
    assert subject.endswith("…")


def test_a_mail_nobody_asked_for_names_nobody() -> None:
    """Whoever signs up with another's address must not be able to write to them."""
    for template in ("confirm_email", "already_registered", "reset_password"):
        assert not TEXTS & set(mail_templates.TEMPLATES[template].values())


def test_no_mail_loads_anything_from_elsewhere() -> None:
    for template in PARAMS:
        html = rendered(template).html
        assert "<img" not in html
        assert "url(" not in html
        assert "@import" not in html
