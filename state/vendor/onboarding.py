"""The wizard from a confirmed address to the first device; where one is, the database says."""

from __future__ import annotations

import reflex as rx

from app.core.errors import InvalidInputError
from app.rules.onboarding import WIZARD, Step
from app.rules.statuses import PaymentMethodStatus
from app.services import agreements, branding, credentials, onboarding, payments
from app.services.agreements import Acceptance
from models.tenant import Rail
from state.moments import span
from state.session import acting
from state.vendor.agreement_rows import AgreementRow, to_row
from state.vendor.snippets import curl_snippet, python_snippet

TO_THE_TOP = rx.call_script("window.scrollTo(0, 0)")


class OnboardingState(rx.State):
    """What the wizard shows."""

    is_loaded: bool = False
    step: str = ""
    done: list[str] = []
    email: str = ""
    agreements: list[AgreementRow] = []
    name: str = ""
    logo_url: str = ""
    rail: str = ""
    payment_status: str = ""
    payment_label: str = ""
    is_active: bool = False
    tokens: int = 0
    secret: str = ""
    curl: str = ""
    python: str = ""
    has_device: bool = False
    took: str = ""
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the step that the address names, or the first one that is not done."""
        self.error = ""
        await self._refresh()
        wanted = str(self.router.url.query_parameters.get("step", ""))
        self.step = wanted if wanted in (*self.done, self.step) else self.step
        self.is_loaded = True

    @rx.event
    async def go(self, step: str) -> None:
        """Open a finished step again, or go on to the current one."""
        self.error = ""
        await self._refresh(keep=step)

    @rx.event
    async def tick(self) -> None:
        """Notice by itself what happens elsewhere: a card bound, a first device."""
        if self.step in (Step.PAYMENT, Step.FIRST_DEVICE):
            was_waiting = self.payment_status != PaymentMethodStatus.CONNECTED
            keep = self.step if self.step == Step.PAYMENT and not was_waiting else ""
            await self._refresh(keep=keep)

    @rx.event
    async def accept(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Store the acceptance of the texts as they were shown."""
        missing = [row.title for row in self.agreements if not form.get(row.slug)]
        if missing:
            self.error = f"Please accept: {', '.join(missing)}."
            return None
        shown = [Acceptance(row.slug, row.version, row.sha256) for row in self.agreements]
        async with acting(self) as ctx:
            await onboarding.accept_agreements(ctx, shown)
        self.error = ""
        await self._refresh()
        return TO_THE_TOP

    @rx.event
    async def type_name(self, name: str) -> None:
        """Keep the preview in step with what is typed."""
        async with acting(self, readonly=True):
            self.name = name[: branding.LONGEST_NAME]

    @rx.event
    async def save_name(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Store the name that parents will see."""
        try:
            async with acting(self) as ctx:
                await branding.save_branding(ctx, form.get("name", ""))
        except InvalidInputError as refusal:
            self.error = refusal.message
            return None
        self.error = ""
        await self._refresh()
        return TO_THE_TOP

    @rx.event
    async def remove_logo(self) -> None:
        """Go back to the first letter of the name."""
        async with acting(self) as ctx:
            await branding.remove_logo(ctx)
        await self._refresh(keep=Step.BRANDING)

    @rx.event
    async def bind(self, rail: str) -> rx.event.EventSpec:
        """Continue on the page of the payment provider."""
        if rail not in set(Rail):
            raise InvalidInputError("Choose card or Alipay.")
        async with acting(self) as ctx:
            url = await payments.start_binding(ctx, Rail(rail))
        return rx.redirect(url, is_external=False)

    @rx.event
    async def create_token(self) -> None:
        """Issue the first token and show it once."""
        async with acting(self) as ctx:
            issued = await credentials.issue(ctx, "First token")
            site = ctx.site_url
        self.secret = issued.secret
        self.curl = curl_snippet(site, issued.secret)
        self.python = python_snippet(site, issued.secret)
        await self._refresh(keep=Step.TOKEN)

    async def _refresh(self, keep: str = "") -> None:
        async with acting(self, readonly=True) as ctx:
            now = await onboarding.overview(ctx)
            texts = agreements.texts(ctx, now.locale)
            site = ctx.site_url
        self.done = [step.value for step in WIZARD if step in now.progress.done]
        current = now.progress.current or Step.FIRST_DEVICE
        self.step = keep if keep in (*self.done, current.value) else current.value
        self.email, self.name = now.email, now.display_name or self.name
        self.logo_url = f"/auth/logo/{now.tenant_id}" if now.has_logo else ""
        self.agreements = [to_row(one, now.pending_agreements) for one in texts]
        self.rail = now.rail.value if now.rail else ""
        self.payment_status = now.payment_status.value if now.payment_status else ""
        self.payment_label = now.payment_label
        self.is_active, self.tokens = now.activated_at is not None, now.tokens
        self.has_device = now.first_device_at is not None
        took = now.time_to_first_device
        self.took = f"From sign-up to here: {span(took)}." if took else ""
        if not self.curl:
            self.curl = curl_snippet(site, "$TURNPIKE_TOKEN")
            self.python = python_snippet(site, "")
