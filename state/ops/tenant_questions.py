"""What is asked before something is done to a customer."""

from __future__ import annotations

from collections.abc import Mapping

from state.ops.asking import Question


def questions_about(
    name: str, *, is_agent: bool, currency: str, first_of_next: str
) -> Mapping[str, Question]:
    """Return the questions of each act on a customer's page, by act."""
    stops = "Its keys are refused" if is_agent else "Its devices can no longer register"
    goes_on = "Its keys work" if is_agent else "Its devices can register"
    asked = {
        "suspend": Question(
            title=f"Suspend {name}?",
            text=f"{stops}, at once. What it owes stays owed, and it is told the reason by mail.",
            verb="Suspend agent" if is_agent else "Suspend vendor",
            needs="reason",
        ),
        "resume": Question(
            title=f"Let {name} go on?",
            text=f"{goes_on} again, and it is told so by mail.",
            verb="Resume agent" if is_agent else "Resume vendor",
            needs="reason",
            is_danger=False,
        ),
    }
    if is_agent:
        asked["grant"] = Question(
            title=f"Add free calls to {name}?",
            text="They count in the running month only; what is left of them ends with it.",
            verb="Add calls",
            needs="calls",
            is_danger=False,
        )
    else:
        asked["price"] = Question(
            title=f"Agree on a new price with {name}?",
            text="It applies to whole months from its start on; earlier invoices keep theirs. "
            "A change is announced by mail at once.",
            verb="Set price",
            needs="price",
            unit=f"In {currency}.",
            preset_day=first_of_next,
            is_danger=False,
        )
    return asked


def about_key(prefix: str, key_id: str, tenant_id: str) -> Question:
    """Return the question before a key is revoked."""
    return Question(
        "key",
        f"{tenant_id}:{key_id}",
        title=f"Revoke the key {prefix}?",
        text="Whatever calls with it is refused at once, and its owner is told by mail.",
        verb="Revoke key",
        needs="reason",
    )


def about_notes(name: str) -> Question:
    """Return the question before notes are written over."""
    return Question(
        title=f"Save these notes on {name}?",
        text="They take the place of what stands there; the audit stream keeps the old ones.",
        verb="Save notes",
        is_danger=False,
    )
