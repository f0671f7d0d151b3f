"""What people may do here."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do."""

    OWNER = "owner"
    OPS_VIEWER = "ops_viewer"
    OPS_OPERATOR = "ops_operator"
    OPS_ADMIN = "ops_admin"
