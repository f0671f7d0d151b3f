"""What everybody's simulated Alipay account holds, in fen."""

from app.sandbox.world import World


def held(world: World, account: str) -> int:
    """Return what an account holds; the platform's starts with the configured amount."""
    start = world.config.alipay.balance_fen if account == world.config.alipay.seller_id else 0
    balance = world.store.get("alipay_balance", account) or {"fen": start}
    return balance["fen"]


def book(world: World, account: str, amount: int) -> None:
    """Add to an account, or take from it."""
    world.store.put("alipay_balance", account, {"fen": held(world, account) + amount})
