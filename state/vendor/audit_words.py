"""What each kind of audit row says to the vendor it concerns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from app.core.locale import format_money, format_month
from app.core.phrases import parse_money
from app.rules.periods import BillingMonth

Said = tuple[str, str, str]
"""A sentence, its picture and its tone."""

SENTENCES: Final[Mapping[str, Said]] = {
    "device.registered": ("Device {device_id} was registered", "device", "good"),
    "device.register_refused": ("Registration of device {device_id} was refused", "device", "bad"),
    "device.rekeyed": ("Device {device_id} was re-keyed: generation {generation}", "device", ""),
    "device.released": ("Device {device_id} was released", "device", ""),
    "vendor.signed_up": ("The account was opened", "person", "good"),
    "vendor.email_confirmed": ("The e-mail address was confirmed", "person", "good"),
    "vendor.terms_accepted": ("Version {version} of an agreement was accepted", "agreement", ""),
    "vendor.branding_saved": ("The display name is now {display_name}", "brand", ""),
    "vendor.logo_saved": ("The logo was changed", "brand", ""),
    "vendor.logo_removed": ("The logo was removed", "brand", ""),
    "vendor.payment_connected": ("{label} was connected for payment", "payment", "good"),
    "vendor.payment_detached": ("{label} was detached", "payment", "warn"),
    "vendor.payout_account_changed": ("The payout account changed", "payment", ""),
    "vendor.activated": ("The account became active", "person", "good"),
    "vendor.profile_saved": ("The profile was changed", "person", ""),
    "vendor.company_saved": ("The company details were changed", "person", ""),
    "vendor.policy_saved": ("The default policy was changed", "agreement", ""),
    "vendor.closed": ("The account was closed", "warning", "warn"),
    "vendor.token_issued": ("Token {label} ({prefix}…) was created", "token", "good"),
    "vendor.token_rotated": ("Token {label} ({prefix}…) was rotated", "token", ""),
    "vendor.token_revoked": ("Token {label} ({prefix}…) was revoked", "token", "warn"),
    "vendor_token_used_from_new_ip": ("A token was used from a new network: {ip}", "token", "warn"),
    "invoice.opened": ("An invoice of {total} for {period} was issued", "invoice", ""),
    "invoice.paid": ("Invoice {number} was paid: {total}", "invoice", "good"),
    "invoice.credited": ("Credit note {note} of {amount} corrects {number}", "invoice", ""),
    "invoice.overdue": ("Invoice {number} is overdue: {outstanding}", "invoice", "bad"),
    "payment.succeeded": ("A payment of {amount} arrived", "payment", "good"),
    "payment.failed": ("Charging invoice {number} failed", "payment", "bad"),
    "payment.excess": ("{excess} more than owed arrived and is kept as credit", "payment", ""),
    "payment.refunded": ("{amount} was paid back", "payment", ""),
    "payment.refund_failed": ("Paying back {amount} failed", "payment", "warn"),
    "payment.refund_came_back": ("{amount} that was paid back came back", "payment", "warn"),
    "payment.disputed": ("A payment of {amount} is disputed", "payment", "bad"),
    "payment.dispute_closed": ("The dispute over {amount} ended: {outcome}", "payment", ""),
    "payout.prepared": ("A payout of {amount} for {period} was prepared", "payment", ""),
    "payout.sent": ("A payout of {amount} was sent", "payment", "good"),
    "payout.failed": ("A payout of {amount} failed", "payment", "bad"),
    "payout.reversed": ("{amount} of a payout came back", "payment", "warn"),
    "pro.paid": ("A user paid {gross} for Pro; your share is {share}", "payment", "good"),
    "pro.refunded": (
        "A Pro payment was refunded: {gross}; your share changes by {share}",
        "payment",
        "",
    ),
    "person.signed_in": ("Somebody signed in", "person", ""),
    "person.signed_out": ("Somebody signed out", "person", ""),
    "person.sign_in_refused": ("A sign-in was refused", "warning", "warn"),
    "person.session_revoked": ("A session was ended", "person", ""),
    "person.sessions_revoked": ("All other sessions were ended: {ended}", "person", ""),
    "person.password_changed": ("The password was changed", "person", "warn"),
    "person.password_reset": ("The password was reset by a mailed link", "person", "warn"),
    "person.password_refused": ("A wrong password was given to confirm an act", "warning", "warn"),
    "person.reset_requested": ("A link to reset the password was asked for", "person", ""),
    "person.email_change_requested": ("A change of the e-mail address was asked for", "person", ""),
    "person.email_changed": ("The e-mail address was changed", "person", "warn"),
    "person.two_factor_on": ("Two-factor sign-in was switched on", "person", "good"),
    "person.two_factor_off": ("Two-factor sign-in was switched off", "person", "warn"),
    "person.recovery_code_used": ("A recovery code was used to sign in", "person", "warn"),
    "person.recovery_codes_renewed": ("The recovery codes were renewed", "person", ""),
    "ops.tenant_suspended": ("The account was suspended", "warning", "bad"),
    "ops.tenant_resumed": ("The account was resumed", "person", "good"),
    "ops.mail_resent": ("A mail to the account was sent again", "mail", ""),
    "ops.address_released": ("The e-mail address of the account was released", "person", "warn"),
    "ops.price_set": ("A price of {price} a device from {starts_on} was agreed", "price", ""),
    "ops.invoice_voided": ("Invoice {number} was voided", "invoice", "warn"),
    "ops.invoice_credited": ("Invoice {number} was credited: {amount}", "invoice", ""),
    "ops.invoice_settled": ("Invoice {number} was marked as settled", "invoice", "good"),
    "ops.invoice_retried": ("Charging invoice {number} was tried again", "invoice", ""),
    "ops.payment_refunded": ("A refund of {amount} was begun", "payment", ""),
    "ops.payout_settled": ("A payout of {amount} was marked as settled", "payment", "good"),
    "ops.payout_retried": ("A payout of {amount} was tried again", "payment", ""),
    "ops.credit_settled": ("Credit on the account was settled", "payment", ""),
    "access.refused": ("A request was refused", "warning", "warn"),
    "access.rate_limited": ("Too many requests: some were refused", "warning", "warn"),
}
"""By kind; ``{names}`` are of the row's body. What is not here is shown by its kind."""

UNLABELLED: Final[Mapping[str, str]] = {
    "vendor.payment_connected": "A payment method was connected",
    "vendor.payment_detached": "A payment method was detached",
}
"""What is said where the provider had not told yet what the method is called."""

REASONS: Final[Mapping[str, str]] = {
    "wrong_credentials": "The password was not right.",
    "wrong_code": "The code was not right.",
    "payment_not_connected": "No payment method is connected.",
    "terms_not_accepted": "The terms are not accepted.",
    "invoice_unpaid": "An invoice is unpaid.",
    "tenant_suspended": "The account is suspended.",
    "tenant_closed": "The account is closed.",
    "tenant_not_active": "The set-up is not finished.",
}
"""Why something was refused, where a code tells more than the sentence."""


_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class _Body(dict[str, str]):
    """What a row quotes; what it lacks is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def say(kind: str, body: Mapping[str, object], locale: str) -> Said:
    """Return the sentence of a row, its picture and its tone; an unknown kind in its own words."""
    text, mark, tone = SENTENCES.get(kind, (_plain(kind), "", ""))
    if kind in UNLABELLED and not body.get("label"):
        text = UNLABELLED[kind]
    quoted = _Body({key: _quote(value, locale) for key, value in body.items()})
    said = " ".join(text.format_map(quoted).split())
    return said[:1].upper() + said[1:], mark, tone


def _plain(kind: str) -> str:
    words = kind.replace(".", ": ").replace("_", " ")
    return words.replace("{", "").replace("}", "")


def _quote(value: object, locale: str) -> str:
    text = str(value)[:160]
    if _MONTH.fullmatch(text):
        return format_month(BillingMonth.parse(text).first_day, locale)
    try:
        return format_money(parse_money(text), locale)
    except ValueError:
        return text
