"""What every payment provider keeps to, whichever it is: run against its double, over real sockets.

Asked directly and through a running executor, it is the same suite.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Generator
from dataclasses import astuple, is_dataclass
from typing import Any

import pytest

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import MINOR_DIGITS, Money
from app.providers.kinds import Adapter
from tests.providers.outside import BACK, Outside
from tests.providers.remote import Remote, end_executors
from tests.providers.sample import Call, PaymentSample, Prepared, payment_samples

SAMPLES = [*payment_samples(), *map(Remote, payment_samples())]
HASTE = 0.3
"""Seconds an adapter waits for an answer that comes later."""

pytestmark = pytest.mark.xdist_group("providers")


def named(sample: PaymentSample) -> str:
    return sample.name or sample.slug


def calls(*, reaching: bool = False, making: bool = False, lasting: bool = False) -> list[Any]:
    return [
        pytest.param(sample, call, id=f"{named(sample)}-{call.name}")
        for sample in SAMPLES
        for call in sample.calls()
        if (call.route or not reaching)
        and (call.makes or not making)
        and (call.lasts or not lasting)
    ]


def every_sample() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", SAMPLES, ids=named)


@pytest.fixture(scope="session")
async def adapters(outside: Outside) -> AsyncGenerator[dict[str, Adapter]]:
    made = {named(sample): sample.provider(outside) for sample in SAMPLES}
    yield made
    for adapter in made.values():
        await adapter.close()
    end_executors()


@pytest.fixture
def provider(
    sample: PaymentSample, adapters: dict[str, Adapter], outside: Outside
) -> Generator[Adapter]:
    yield adapters[named(sample)]
    outside.forget_faults()


@pytest.fixture(scope="session")
def shared() -> dict[str, Prepared]:
    """Things that calls may be about which leave no trace."""
    return {}


@pytest.fixture
async def things(
    sample: PaymentSample, provider: Adapter, outside: Outside, shared: dict[str, Prepared]
) -> Prepared:
    if named(sample) not in shared:
        shared[named(sample)] = await sample.prepare(provider, outside)
    return shared[named(sample)]


@pytest.fixture
async def target(
    sample: PaymentSample, call: Call, provider: Adapter, outside: Outside, things: Prepared
) -> Prepared:
    """What a call that goes through is about: things of its own, if it spends them."""
    return await sample.prepare(provider, outside) if call.spends else things


@pytest.fixture
async def fresh(sample: PaymentSample, provider: Adapter, outside: Outside) -> Prepared:
    return await sample.prepare(provider, outside)


def ref_of(result: Any) -> Any:
    """Return what tells two results apart: a page's address may be signed anew each time."""
    if isinstance(result, tuple):
        return result[0]
    if is_dataclass(result) and hasattr(result, "provider_ref"):
        return result.provider_ref
    return astuple(result) if is_dataclass(result) and not isinstance(result, type) else result


def new_key() -> str:
    return uuid.uuid4().hex


@pytest.mark.parametrize(("sample", "call"), calls(reaching=True))
async def test_an_answer_that_is_an_error_or_none_leaves_the_end_unknown(
    sample: PaymentSample, call: Call, provider: Adapter, things: Prepared, outside: Outside
) -> None:
    for kind in ("500", "reset"):
        outside.fail(call.route, kind)
        with pytest.raises(ProviderDownError):
            await call.make(provider, things, new_key())


@pytest.mark.parametrize(("sample", "call"), calls(reaching=True))
async def test_an_answer_that_comes_too_late_leaves_the_end_unknown(
    sample: PaymentSample, call: Call, things: Prepared, outside: Outside
) -> None:
    hasty = sample.provider(outside, seconds=HASTE)
    outside.fail(call.route, "timeout")
    with pytest.raises(ProviderDownError):
        await call.make(hasty, things, new_key())
    await hasty.close()


@pytest.mark.parametrize(("sample", "call"), calls(reaching=True))
async def test_nobody_listening_leaves_the_end_unknown(
    sample: PaymentSample, call: Call, things: Prepared, outside: Outside
) -> None:
    lost = sample.provider(outside, is_lost=True)
    with pytest.raises(ProviderDownError):
        await call.make(lost, things, new_key())
    await lost.close()


@pytest.mark.parametrize(
    ("sample", "why"),
    [pytest.param(one, why, id=f"{named(one)}-{why}") for one in SAMPLES for why in one.refusals()],
)
async def test_a_no_is_told_apart_from_no_answer(
    sample: PaymentSample, why: str, provider: Adapter, things: Prepared
) -> None:
    with pytest.raises(ProviderRefusedError):
        await sample.refusals()[why](provider, things)


@pytest.mark.parametrize(("sample", "call"), calls())
async def test_the_same_key_twice_is_the_same_thing(
    sample: PaymentSample, call: Call, provider: Adapter, target: Prepared, outside: Outside
) -> None:
    before = sample.made(outside, call.makes) if call.makes else 0
    key = new_key()
    first = await call.make(provider, target, key)
    second = await call.make(provider, target, key)
    assert ref_of(first) == ref_of(second)
    if call.makes:
        assert sample.made(outside, call.makes) == before + 1


@pytest.mark.parametrize(("sample", "call"), calls(making=True))
async def test_a_lost_answer_followed_by_another_try_makes_one_thing(
    sample: PaymentSample, call: Call, provider: Adapter, target: Prepared, outside: Outside
) -> None:
    before = sample.made(outside, call.makes)
    key = new_key()
    outside.fail(call.route, "reset", when="after")
    try:
        await call.make(provider, target, key)
    except ProviderDownError:
        await call.make(provider, target, key)
    assert sample.made(outside, call.makes) == before + 1


@pytest.mark.parametrize(
    ("sample", "call"), [one for one in calls(making=True) if isinstance(one.values[0], Remote)]
)
async def test_an_executor_that_dies_after_the_provider_answered_makes_one_thing(
    sample: Remote, call: Call, provider: Adapter, target: Prepared, outside: Outside
) -> None:
    before = sample.made(outside, call.makes)
    key = new_key()
    with sample.dying(outside) as dying:
        with pytest.raises(ProviderDownError):
            await call.make(dying, target, key)
        await dying.close()
    assert sample.made(outside, call.makes) == before + 1
    await call.make(provider, target, key)
    assert sample.made(outside, call.makes) == before + 1


@pytest.mark.parametrize(("sample", "call"), calls(lasting=True))
async def test_what_was_made_is_found_again_after_the_key_was_forgotten(
    sample: PaymentSample,
    call: Call,
    provider: Adapter,
    target: Prepared,
    outside: Outside,
    shared: dict[str, Prepared],
) -> None:
    key = new_key()
    first = await call.make(provider, target, key)
    made = sample.made(outside, call.makes)
    outside.forget_keys()
    shared.clear()  # their pages have ended by now
    assert ref_of(await call.make(provider, target, key)) == ref_of(first)
    assert sample.made(outside, call.makes) == made


@every_sample()
async def test_a_page_tells_what_became_of_it(
    sample: PaymentSample, provider: Adapter, fresh: Prepared
) -> None:
    assert (await provider.fetch_page(fresh.page)).status == "pending"
    assert await provider.expire_page(fresh.page)
    assert await provider.expire_page(fresh.page)
    assert (await provider.fetch_page(fresh.page)).status == "expired"


@every_sample()
async def test_a_page_that_took_money_cannot_be_closed(
    sample: PaymentSample, provider: Adapter, outside: Outside
) -> None:
    currency = sorted(provider.currencies)[0]
    amount = Money.of("12.34", currency) if MINOR_DIGITS[currency] else Money.of("500", currency)
    page = await provider.start_payment(
        amount=amount,
        reference=new_key(),
        description="Invoice TP-2026-00042",
        customer_ref="",
        return_url=BACK,
        cancel_url=BACK,
        expires_at=outside.later(),
        idempotency_key=new_key(),
    )
    outside.press(page.url, "pay", card="visa")
    assert not await provider.expire_page(page.provider_ref)
    state = await provider.fetch_page(page.provider_ref)
    assert (state.status, state.amount) == ("succeeded", amount)
    assert state.payment_ref
    assert state.label
    key = new_key()
    await provider.refund(
        payment_ref=state.payment_ref, amount=amount, reference=key, idempotency_key=key
    )
    state = await provider.fetch_page(page.provider_ref)
    assert (state.status, state.refunded) == ("refunded", amount)
    assert not await provider.expire_page(page.provider_ref)


@every_sample()
async def test_every_currency_it_names_is_taken_to_the_smallest_amount(
    sample: PaymentSample, provider: Adapter, outside: Outside
) -> None:
    for currency in sorted(provider.currencies):
        amount = Money.of("12.34", currency) if MINOR_DIGITS[currency] else Money.of("77", currency)
        key = new_key()
        page = await provider.start_payment(
            amount=amount,
            reference=key,
            description="Amounts",
            customer_ref="",
            return_url=BACK,
            cancel_url=BACK,
            expires_at=outside.later(),
            idempotency_key=key,
        )
        outside.press(page.url, "pay", card="visa")
        assert (await provider.fetch_page(page.provider_ref)).amount == amount


@every_sample()
async def test_what_cannot_be_moved_exactly_is_refused_and_never_rounded(
    sample: PaymentSample, provider: Adapter, things: Prepared
) -> None:
    finer = [Money(1_000_001, currency) for currency in sorted(provider.currencies)]
    unknown = [Money.of("1", other) for other in sorted(set(MINOR_DIGITS) - provider.currencies)]
    for amount in [*finer, *unknown]:
        with pytest.raises(ProviderRefusedError):
            await provider.refund(
                payment_ref=things.payment, amount=amount, reference="x", idempotency_key="x"
            )
        with pytest.raises(ProviderRefusedError):
            await provider.pay_out(
                account_ref=things.account,
                amount=amount,
                reference="x",
                description="x",
                idempotency_key="x",
            )
