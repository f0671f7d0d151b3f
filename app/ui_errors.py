"""The one place that turns a refusal in an event handler into what the person sees."""

import reflex as rx
import structlog

from app.core.errors import DomainError, NotSignedInError
from app.core.ids import new_id

log = structlog.get_logger(__name__)


def explain(exception: Exception) -> rx.event.EventSpec | None:
    """Send strangers to the login and say refusals in a toast; log everything else with an id.

    The parameter's name is fixed by Reflex.
    """
    if isinstance(exception, NotSignedInError):
        return rx.call_script(
            "location.href=(/^\\/agent(\\/|$)/.test(location.pathname)?'/agent/login':'/login')"
            "+'?next='+encodeURIComponent(location.pathname+location.search)"
        )
    if isinstance(exception, DomainError):
        return rx.toast.error(exception.message)
    request_id = f"req_{new_id().hex}"
    log.error("event.failed", request_id=request_id, exc_info=exception)
    return rx.toast.error(
        f"Something failed on our side; nothing was changed. Request id: {request_id}"
    )
