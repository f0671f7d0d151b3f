"""Refusals in Stripe's own envelope."""

from typing import Any


class StripeRefusal(Exception):  # noqa: N818 - an answer of the simulated provider, not a failure of this program
    """An answer that is an error."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": kind, "message": message}
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self.error["param"] = param
        self.error.update({key: value for key, value in more.items() if value is not None})

    def body(self) -> dict[str, Any]:
        """Return the document Stripe would answer with."""
        return {"error": self.error}


def missing_resource(kind: str, key: str, param: str, *, status: int = 400) -> StripeRefusal:
    """Refuse an id that leads nowhere; 404 when it stands in the path, 400 in a parameter."""
    return StripeRefusal(
        f"No such {kind}: '{key}'", status=status, code="resource_missing", param=param
    )


def not_simulated(param: str) -> StripeRefusal:
    """Refuse what Stripe would take but this double cannot act on: ignoring it would be a lie."""
    return StripeRefusal(
        f"The sandbox does not simulate the parameter {param}.",
        code="sandbox_not_simulated",
        param=param,
    )
