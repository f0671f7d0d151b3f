"""The front door: what Turnpike is, and where each kind of customer enters."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import grid, heading, row, stack
from components.buttons import link_button
from components.code import code_block
from components.layout import card
from state.shell import ShellState

STEPS = [
    ("Sign up", "Confirm your address, accept the terms, set the name and logo parents see."),
    ("Connect payment", "A card through Stripe, or Alipay with invoices by mail."),
    ("Register devices", "One idempotent call a device; a signed receipt that verifies offline."),
    ("See it add up", "Active devices, revenue share, and every invoice down to the device."),
]
CALL = """curl -X POST https://…/v1/vendor/devices/register \\
  -H "Authorization: Bearer vnd_…" \\
  -H "Content-Type: application/json" \\
  -d '{"device_id": "SN-0001", "user_omni": "0a188e12…"}'"""


@page(
    "/",
    title="Billing for AI hardware",
    audience="public",
    on_load=[ShellState.visit],
    description="Sign up, connect a payment method, register devices over one API, and see what "
    "they cost and earn.",
)
def home_page() -> rx.Component:
    """Say what this is and lead on."""
    return public_frame(
        stack(
            stack(
                heading("Billing for AI hardware, from the first device on", level=1, size=20),
                rx.el.p(
                    "Sign up, connect a payment method, register devices over one API, and see "
                    "what they cost and earn. From here to your first device in under half an hour.",
                    class_name="quiet lead",
                ),
                row(
                    link_button("Create a vendor account", href="/signup", kind="main"),
                    link_button("Pricing", href="/pricing"),
                ),
                gap=4,
                class_name="hero",
            ),
            grid(
                *[
                    card(rx.el.p(text, class_name="quiet"), title=f"{number}. {title}")
                    for number, (title, text) in enumerate(STEPS, start=1)
                ],
                cell=240,
            ),
            code_block(CALL, label="The only call your factory line needs"),
            gap=6,
        ),
        links=[("Pricing", "/pricing"), ("Log in", "/login")],
        foot=[
            ("Terms", "/terms/terms"),
            ("Data processing", "/terms/dpa"),
            ("API", "/api/docs"),
        ],
    )
