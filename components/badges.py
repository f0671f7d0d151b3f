"""One vocabulary of states: the same word and the same tone in tables, details and charts."""

from __future__ import annotations

from typing import Final

import reflex as rx

from components.base import Flag, Text, Tone

STATES: Final[dict[str, tuple[str, Tone]]] = {
    # money
    "draft": ("Draft", "quiet"),
    "open": ("Open", "accent"),
    "paid": ("Paid", "good"),
    "overdue": ("Overdue", "bad"),
    "uncollectible": ("Uncollectible", "bad"),
    "disputed": ("Disputed", "warn"),
    "won": ("Won", "good"),
    "lost": ("Lost", "bad"),
    "refunded": ("Refunded", "quiet"),
    "void": ("Void", "quiet"),
    "failed": ("Failed", "bad"),
    "succeeded": ("Succeeded", "good"),
    "settled": ("Settled", "good"),
    "reversed": ("Reversed", "warn"),
    "held": ("Held", "warn"),
    "carried": ("Carried", "quiet"),
    # devices
    "active": ("Active", "good"),
    "quiet": ("Quiet", "quiet"),
    "released": ("Released", "quiet"),
    # tenants, tokens, people
    "onboarding": ("Onboarding", "accent"),
    "suspended": ("Suspended", "bad"),
    "closed": ("Closed", "quiet"),
    "revoked": ("Revoked", "bad"),
    "rotating": ("Rotating", "warn"),
    "expired": ("Expired", "quiet"),
    "connected": ("Connected", "good"),
    "unconfirmed": ("Unconfirmed", "warn"),
    # calls
    "success": ("Success", "good"),
    "error": ("Error", "bad"),
    "denied": ("Denied", "warn"),
    # work
    "pending": ("Pending", "warn"),
    "queued": ("Queued", "quiet"),
    "received": ("Received", "quiet"),
    "running": ("Running", "accent"),
    "processing": ("Processing", "accent"),
    "processed": ("Processed", "good"),
    "done": ("Done", "good"),
    "sending": ("Sending", "accent"),
    "sent": ("Sent", "good"),
    "suppressed": ("Suppressed", "warn"),
    "bounced": ("Bounced", "bad"),
    "ignored": ("Ignored", "quiet"),
    "cancelled": ("Cancelled", "quiet"),
    "retrying": ("Retrying", "warn"),
}
"""Word and tone of every state that the product shows."""


def badge(text: Text, tone: Tone = "quiet", *, dot: bool = True) -> rx.Component:
    """Draw a small label; the word always stands beside the colour."""
    plain = "" if dot else " badge-plain"
    return rx.el.span(text, class_name=f"badge badge-{tone}{plain}")


def state_badge(state: Text) -> rx.Component:
    """Draw the badge of a state by its code, known now or held by the state of the page.

    A code that the vocabulary lacks is shown as it is, in grey, so that nothing is hidden.
    """
    if isinstance(state, rx.Var):
        # The stylesheet colours by the code, so that a table carries no table of words.
        word = state.to(str).replace("_", " ").capitalize()
        return rx.el.span(word, class_name="badge", data_state=state)
    word, _ = STATES.get(state, (state.replace("_", " ").capitalize(), "quiet"))
    return rx.el.span(word, class_name="badge", data_state=state)


def live_dot(on: Flag, *, word_on: Text = "Live", word_off: Text = "Waiting") -> rx.Component:
    """Show that something moves by itself, with the word beside the dot."""
    if isinstance(on, rx.Var):
        dot = rx.cond(on, "live-dot on", "live-dot wait")
        word = rx.cond(on, word_on, word_off)
    else:
        dot = "live-dot on" if on else "live-dot wait"
        word = word_on if on else word_off
    return rx.el.span(
        rx.el.span(class_name=dot, custom_attrs={"aria-hidden": "true"}),
        rx.el.span(word),
        class_name="live",
        role="status",
    )
