"""The default policy: which memory namespaces devices may use, and for how long."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.core.errors import DomainError, InvalidInputError
from app.rules.policies import BASE_TEMPLATE, KNOWN_NAMESPACES, TTL_RANGE
from app.services import vendor_settings
from app.services.vendor_settings import Policy
from state.session import acting
from state.vendor.settings import words_of


@dataclass(frozen=True)
class NamespaceRow:
    """One memory namespace: whether it may be chosen, and whether it is."""

    name: str
    is_allowed: bool
    is_chosen: bool


@dataclass(frozen=True)
class ScopeRow:
    """One scope of the template and the lifetime of what is granted in it."""

    name: str
    verdict: str
    seconds: int
    least: int
    most: int
    bounds: str


class PolicyState(rx.State):
    """The policy that devices get from now on."""

    is_loaded: bool = False
    namespaces: list[NamespaceRow] = []
    scopes: list[ScopeRow] = []
    template: str = ""
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the policy as stored."""
        self.error = ""
        async with acting(self, readonly=True) as ctx:
            self._put(await vendor_settings.policy(ctx))

    @rx.event
    async def save(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Narrow the policy; devices bound before keep theirs."""
        try:
            chosen = [name for name in KNOWN_NAMESPACES if form.get(f"namespace-{name}")]
            ttl = {row.name: _seconds(form.get(f"ttl-{row.name}", "")) for row in self.scopes}
            async with acting(self) as ctx:
                policy = await vendor_settings.save_policy(ctx, chosen, ttl)
        except DomainError as refusal:
            fields = refusal.fields if isinstance(refusal, InvalidInputError) else []
            self.error = "; ".join(f"{path.split('.', 1)[-1]} {what}" for path, what in fields)
            self.error = self.error or words_of(refusal)
            return None
        self.error = ""
        self._put(policy)
        return rx.toast.success("Policy saved", description="It applies to new bindings.")

    def _put(self, policy: Policy) -> None:
        chosen = policy.template["namespaces_allowed"]
        self.namespaces = [
            NamespaceRow(name, name in policy.allowed, name in chosen) for name in KNOWN_NAMESPACES
        ]
        self.scopes = [_scope(scope) for scope in policy.template["scopes"]]
        self.template = json.dumps(policy.template, indent=2)
        self.is_loaded = True


def _scope(scope: dict[str, Any]) -> ScopeRow:
    least, most = TTL_RANGE
    name = scope["scope"]
    if name in BASE_TEMPLATE["high_risk_online_only"]:
        most = next(one["ttl_seconds"] for one in BASE_TEMPLATE["scopes"] if one["scope"] == name)
    bounds = f"{least} to {most:,} seconds" if least < most else f"Always {least} seconds"
    verdict = str(scope["verdict"]).replace("_", " ")
    return ScopeRow(name, verdict, scope["ttl_seconds"], least, most, bounds)


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
