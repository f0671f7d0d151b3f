"""The small page behind a mailed payment link, readable without scripts in English and Chinese."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import jinja2

from app.core.locale import format_date, format_money, pick_locale
from app.services.pay_pages import PayView

WORDS: Final = {
    "en": {
        "title": "Invoice",
        "seller": "From",
        "buyer": "Billed to",
        "due": "Due",
        "total": "Total",
        "pay": "Pay now",
        "busy": "A payment of this invoice is in progress. Please look again in a moment.",
        "settled": "Nothing is left to pay. Thank you.",
        "unknown": "This payment link is not valid",
        "unknown_hint": "Please use the link in the newest mail about the invoice.",
        "sandbox": "Sandbox: payments are simulated",
    },
    "zh-CN": {
        "title": "账单",
        "seller": "开票方",
        "buyer": "付款方",
        "due": "到期日",
        "total": "总额",
        "pay": "立即付款",
        "busy": "该账单正在付款中，请稍后再查看。",
        "settled": "无需再付款，谢谢。",
        "unknown": "该付款链接无效",
        "unknown_hint": "请使用最新账单邮件中的链接。",
        "sandbox": "沙盒环境：付款为模拟",
    },
}


def render(page: PayView | None, *, is_sandbox: bool, is_busy: bool = False) -> str:
    """Return the page as HTML; without a view it says that the link is not valid."""
    locale = pick_locale(page.locale if page else "en")
    return _template().render(
        page=page,
        locale=locale,
        words=WORDS[locale],
        outstanding=format_money(page.outstanding, locale) if page else "",
        total=format_money(page.total, locale) if page else "",
        due=format_date(page.due_on, locale) if page and page.due_on else "",
        sandbox=is_sandbox,
        busy=is_busy,
    )


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("pay.html.jinja")
