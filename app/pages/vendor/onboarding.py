"""The wizard: five steps, and then the wait for the first device."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.base import heading, link, row, stack
from components.branding import brand_logo, brand_preview
from components.buttons import button, link_button
from components.code import code_block, secret
from components.fields import checkbox_field, file_field
from components.layout import callout, card
from components.native_form import field, native_form, state_form, submit_button
from components.states import lines_skeleton, loaded
from components.ticker import ticker
from components.wizard import waiting_panel, wizard
from state.shell import ShellState
from state.vendor.agreement_rows import AgreementRow
from state.vendor.onboarding import OnboardingState

STEPS = [
    ("confirm_email", "Confirm e-mail"),
    ("terms", "Accept terms"),
    ("branding", "Branding"),
    ("payment", "Payment"),
    ("token", "Token"),
]
WHY = {
    "confirm_email": "Invoices and warnings go to this address, so we make sure it is yours.",
    "terms": "The agreement fixes your price: any increase is announced 60 days ahead, and "
    "existing pilots keep theirs.",
    "branding": "Parents see this name and logo beside every device and in the activity feed.",
    "payment": "Devices can register once we can bill them. You pay only for devices active in "
    "the 30 days before a month ends.",
    "token": "Your servers prove who they are with a token. Keep it out of shipped firmware, and "
    "rotate it when people leave.",
}


@page(
    "/vendor/onboarding",
    title="Get started",
    audience="vendor",
    on_load=[ShellState.load, OnboardingState.load],
)
def onboarding_page() -> rx.Component:
    """Show the current step beside the rail."""
    state = OnboardingState
    return vendor_frame(
        loaded(
            state.is_loaded,
            wizard(
                STEPS,
                rx.cond(state.error != "", callout(state.error, tone="bad", live=True)),
                rx.match(
                    state.step,
                    ("confirm_email", _confirm()),
                    ("terms", _terms()),
                    ("branding", _branding()),
                    ("payment", _payment()),
                    ("token", _token()),
                    _first_device(),
                ),
                current=state.step,
                done=state.done,
                on_go=state.go,
                why=rx.match(
                    state.step,
                    *[(key, rx.el.p(text)) for key, text in WHY.items()],
                    rx.el.p("The first registration proves that everything works end to end."),
                ),
            ),
            lines_skeleton(8),
        ),
        ticker(state.tick, seconds=2),
        title="Get started",
        current="",
    )


def _confirm() -> rx.Component:
    return card(
        rx.el.p("We sent a link to ", rx.el.strong(OnboardingState.email), ". Open it to go on."),
        native_form(
            submit_button("Send it again", kind="plain"),
            action="/auth/resend",
            hidden={"email": OnboardingState.email, "next": "/vendor/onboarding"},
        ),
        title="Confirm your e-mail",
    )


def _agreement(one: AgreementRow) -> rx.Component:
    return stack(
        row(
            heading(one.title, level=3, size=14),
            link("Open in a tab", href=f"/terms/{one.slug}", external=True),
            between=True,
        ),
        rx.el.div(
            rx.html(one.html),
            class_name="prose scroll-box",
            tab_index=0,
            role="region",
            custom_attrs={"aria-label": one.title},
        ),
        checkbox_field(
            one.slug,
            rx.fragment("I accept: ", one.title, ", version ", one.version),
            required=True,
            default_checked=one.accepted,
        ),
        gap=2,
    )


def _terms() -> rx.Component:
    return card(
        state_form(
            rx.foreach(OnboardingState.agreements, _agreement),
            row(submit_button("Accept and continue")),
            on_submit=OnboardingState.accept,
        ),
        title="Terms and data processing",
    )


def _branding() -> rx.Component:
    state = OnboardingState
    return stack(
        card(
            native_form(
                file_field(
                    "logo",
                    "Logo",
                    accept="image/png,image/jpeg,image/webp",
                    help_text="PNG, JPEG or WebP, at most 1 MiB. Square works best.",
                    preview=brand_logo(state.name, state.logo_url),
                ),
                row(
                    submit_button("Upload logo", kind="plain"),
                    rx.cond(
                        state.logo_url != "",
                        button("Remove", on_click=state.remove_logo, kind="quiet"),
                    ),
                ),
                action="/auth/logo",
                hidden={"next": "/vendor/onboarding?step=branding"},
                upload=True,
            ),
            state_form(
                field(
                    "name",
                    "Display name",
                    # The field keeps what is typed, whatever the server says meanwhile; the preview follows.
                    default_value=state.name,
                    on_change=state.type_name.debounce(150),
                    max_length=60,
                    help_text="As parents know you.",
                ),
                submit_button("Save and continue"),
                on_submit=state.save_name,
            ),
            title="How parents see you",
        ),
        card(brand_preview(state.name, state.logo_url), title="Preview"),
        gap=4,
    )


def _payment() -> rx.Component:
    state = OnboardingState
    return card(
        rx.cond(
            state.payment_status == "connected",
            callout(state.payment_label, " is connected.", tone="good"),
            rx.cond(
                state.payment_status == "pending",
                callout(
                    "Waiting for the provider to confirm. This page goes on by itself.", live=True
                ),
            ),
        ),
        stack(
            _choice(
                "card",
                "Card, through Stripe",
                "Charged on the 1st for the month before, in US dollars: $2.50 a device.",
                "Connect a card",
                "Change the card",
            ),
            _choice(
                "invoice",
                "Alipay",
                "A PDF invoice by mail with a payment link, in yuan: ¥17.50 a device. We check the "
                "account with a payment of ¥0.01 and give it back.",
                "Connect Alipay",
                "Change the account",
            ),
            gap=3,
        ),
        rx.cond(
            state.payment_status == "connected",
            row(button("Continue", on_click=state.go("token"), kind="main"), end=True),
        ),
        title="How you pay",
    )


def _choice(key: str, title: str, text: str, verb: str, again: str) -> rx.Component:
    state = OnboardingState
    return row(
        stack(heading(title, level=3, size=14), rx.el.p(text, class_name="quiet"), gap=1),
        button(
            rx.cond((state.payment_status == "connected") & (state.rail == key), again, verb),
            on_click=state.bind(key),
            kind="plain",
            disabled=(state.payment_status == "connected") & (state.rail != key),
        ),
        between=True,
        class_name="choice",
    )


def _token() -> rx.Component:
    state = OnboardingState
    return card(
        rx.cond(
            state.secret != "",
            stack(
                callout("This is shown once. Store it where your servers find it.", tone="warn"),
                secret(state.secret, label="Your token"),
                rx.el.p(
                    "Rotating issues a new token while the old one goes on for 72 hours, so that "
                    "nothing stops. Revoking ends one at once. Both are under Tokens.",
                    class_name="quiet",
                ),
                row(button("Continue", on_click=state.go("first_device"), kind="main"), end=True),
                gap=4,
            ),
            stack(
                rx.cond(
                    state.tokens > 0,
                    rx.el.p(
                        "You have ", state.tokens, " live tokens. Only a new one can be shown."
                    ),
                    rx.el.p("Everything is ready. Create the token your servers will use."),
                ),
                row(button("Create token", on_click=state.create_token, kind="main")),
                gap=4,
            ),
        ),
        title="Your token",
    )


def _first_device() -> rx.Component:
    state = OnboardingState
    return stack(
        waiting_panel(
            state.has_device,
            waiting_title="Waiting for your first device",
            waiting=rx.el.p("Run one of these. This panel turns green by itself."),
            arrived_title="Your first device is registered",
            arrived_content=stack(
                rx.el.p(state.took),
                row(link_button("Go to the dashboard", href="/vendor", kind="main")),
                gap=3,
            ),
        ),
        code_block(state.curl, label="Shell"),
        code_block(state.python, label="Python"),
        gap=4,
    )
