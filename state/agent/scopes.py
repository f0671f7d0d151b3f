"""What a key may do, in plain words."""

from __future__ import annotations

from typing import Final

from app.rules.gateway import Scope

SCOPES: Final = (
    (Scope.READ.value, "Read", "Lists and exports, usage and keys. Changes nothing.", True),
    (Scope.DOMAIN.value, "Act", "Everything the product does: what costs calls.", True),
    (Scope.IAM.value, "Manage keys", "Make, rotate and revoke keys, and set the budget.", False),
    (Scope.GOVERNANCE.value, "Set limits", "Set the budget, and nothing of keys.", False),
)
"""Each with its word, what it allows, and whether a new key usually has it."""
