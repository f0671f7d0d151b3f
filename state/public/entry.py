"""What the sign-up, login and reset pages show: only what their own address says."""

from __future__ import annotations

import reflex as rx

from app.rules.redirects import local_path

SAID = {
    "agreement_changed": "The text changed while you read it. Please look at the new one.",
    "email_taken": "This address belongs to another account.",
    "failed": "That did not work. Please try again.",
    "invalid_code": "Enter the six digits of your app, or a recovery code.",
    "invalid_email": "Enter an address like name@example.com.",
    "invalid_logo": "This picture cannot be used: PNG, JPEG or WebP of at most 1 MiB.",
    "invalid_name": "This name cannot be used.",
    "invalid_password": "This password cannot be used: at least 12 characters, and not a common one.",
    "link_invalid": "This link was used before or is too old. Ask for a new one.",
    "rate_limited": "Too many tries. Please wait a little and try again.",
    "sign_in_expired": "That took too long. Please start again.",
    "step_not_open": "Please finish the step before this one.",
    "too_large": "This is too large.",
    "unauthorized": "Please sign in.",
    "wrong_code": "This code is not right. Wait for the next one and try again.",
    "wrong_credentials": "This address and password do not belong together.",
}
"""The sentence for every error code a form may come back with."""

NOTES = {
    "confirmed": "Your address is confirmed. Sign in to go on.",
    "reset": "Your new password is set, and every other session has ended. Sign in with it.",
    "signed_out": "You are signed out.",
}


class EntryState(rx.State):
    """The address's query, checked; nothing of anybody's is read."""

    email: str = ""
    onward: str = ""
    is_sent: bool = False
    wants_code: bool = False
    note: str = ""
    error: str = ""

    @rx.event
    def read(self) -> None:
        """Take over what the address says: presentation only."""
        query = self.router.url.query_parameters
        self.email = str(query.get("email", ""))[:320]
        self.onward = local_path(str(query.get("next", "")), "")
        self.is_sent = query.get("sent") == "1"
        self.wants_code = query.get("step") == "code"
        self.note = next((text for key, text in NOTES.items() if query.get(key) == "1"), "")
        code = str(query.get("error", ""))
        self.error = SAID.get(code, SAID["failed"]) if code else ""
