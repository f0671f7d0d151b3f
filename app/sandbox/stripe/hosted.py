"""What a customer does on a hosted Checkout page."""

from app.sandbox.store import Document
from app.sandbox.stripe import setups
from app.sandbox.stripe.cards import TestCard, new_card
from app.sandbox.stripe.checkout import expire
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.payments import collect, new_intent
from app.sandbox.world import World


def success_address(session: Document) -> str:
    """Return where the customer goes after paying."""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def _card_for(world: World, session: Document, card: TestCard) -> Document:
    details = session["customer_details"] or {}
    billing = {"email": details.get("email"), "name": details.get("name")}
    method = new_card(card, world.clock.now(), billing)
    return world.store.put("payment_method", method["id"], method)


def _intent_for(world: World, session: Document) -> Document:
    if session["payment_intent"] is not None:
        return world.store.need("payment_intent", session["payment_intent"])
    data = world.store.need("checkout_lines", session["id"])["payment_intent_data"]
    intent = new_intent(
        world,
        session["amount_total"],
        session["currency"],
        customer=session["customer"],
        metadata=data.get("metadata") or {},
        description=data.get("description"),
        setup_future_usage=data.get("setup_future_usage"),
        transfer_group=data.get("transfer_group"),
        receipt_email=data.get("receipt_email"),
    )
    session["payment_intent"] = intent["id"]
    world.store.put("checkout.session", session["id"], session)
    return intent


def _complete(world: World, session: Document, payment_status: str) -> None:
    session["status"] = "complete"
    session["payment_status"] = payment_status
    session["url"] = None
    world.store.put("checkout.session", session["id"], session)


def pay(world: World, session: Document, card: TestCard) -> bool:
    """Pay or save with a card; False when the bank declines, the page then stays open."""
    method = _card_for(world, session, card)
    if session["mode"] == "setup":
        setup = world.store.need("setup_intent", session["setup_intent"])
        setups.succeed(world, setup, method)
        _complete(world, session, "no_payment_required")
        emit(world, "checkout.session.completed", session)
        return True
    intent = _intent_for(world, session)
    if collect(world, intent, method, off_session=False) is not None:
        return False
    _complete(world, session, "paid")
    emit(world, "checkout.session.completed", session)
    return True


def decline(world: World, session: Document, card: TestCard) -> None:
    """Let the bank say no to this attempt, whatever the card; the session stays open."""
    method = _card_for(world, session, card)
    if session["mode"] == "setup":
        setups.fail(world, world.store.need("setup_intent", session["setup_intent"]), method)
        return
    intent = _intent_for(world, session)
    collect(world, intent, method, off_session=False, forced="generic_decline")


def wait(world: World, session: Document, card: TestCard) -> None:
    """Complete the session while the money is still on its way, as a bank debit does."""
    method = _card_for(world, session, card)
    if session["mode"] == "setup":
        setups.wait(world, world.store.need("setup_intent", session["setup_intent"]), method)
        _complete(world, session, "no_payment_required")
    else:
        intent = _intent_for(world, session)
        intent["status"] = "processing"
        intent["payment_method"] = method["id"]
        world.store.put("payment_intent", intent["id"], intent)
        _complete(world, session, "unpaid")
    emit(world, "checkout.session.completed", session)


def is_waiting(world: World, session: Document) -> bool:
    """Say whether a completed session still waits for its outcome."""
    if session["status"] != "complete":
        return False
    kind = "setup_intent" if session["mode"] == "setup" else "payment_intent"
    intent = world.store.get(kind, session[kind] or "")
    return intent is not None and intent["status"] == "processing"


def settle(world: World, session: Document, *, good: bool) -> None:
    """Decide the outcome of a waiting session."""
    if session["mode"] == "setup":
        setup = world.store.need("setup_intent", session["setup_intent"])
        method = world.store.need("payment_method", setup["payment_method"])
        if good:
            setups.succeed(world, setup, method)
        else:
            setups.fail(world, setup, method)
        return
    intent = world.store.need("payment_intent", session["payment_intent"])
    method = world.store.need("payment_method", intent["payment_method"])
    if good:
        collect(world, intent, method, off_session=False, forced="")
        session["payment_status"] = "paid"
        world.store.put("checkout.session", session["id"], session)
        emit(world, "checkout.session.async_payment_succeeded", session)
    else:
        collect(world, intent, method, off_session=False, forced="generic_decline")
        emit(world, "checkout.session.async_payment_failed", session)


def close(world: World, session: Document) -> None:
    """Let the page run out of time."""
    expire(world, session)
