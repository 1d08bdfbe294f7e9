from addons.answers import absent
from addons.origin.tickets import Draining, Tickets

ORDER = Draining(absent("x"))


def test_ticket__redeemed__is_good_for_one_request() -> None:
    """Whoever sees a ticket afterwards can do nothing with it."""
    tickets = Tickets()
    ticket = tickets.issue(ORDER)
    assert tickets.redeem(ticket) is ORDER
    assert tickets.redeem(ticket) is None


def test_ticket__made_up__is_none() -> None:
    """No text but an issued ticket opens anything; not the empty one of a request without the header either."""
    tickets = Tickets()
    ticket = tickets.issue(ORDER)
    for guess in ("", ticket[:-1], ticket.swapcase(), ticket + "="):
        assert tickets.redeem(guess) is None
    assert tickets.redeem(ticket) is ORDER


def test_tickets__issued_for_one_order__are_all_different_and_long() -> None:
    """256 random bits each: they cannot be guessed, and one request cannot take another's place."""
    tickets = Tickets()
    issued = {tickets.issue(ORDER) for _ in range(100)}
    assert len(issued) == 100
    assert min(map(len, issued)) >= 43


def test_tickets__never_redeemed__are_forgotten_oldest_first() -> None:
    """Requests that never arrive cannot fill the memory."""
    tickets = Tickets()
    first, second = tickets.issue(ORDER), tickets.issue(ORDER)
    last = [tickets.issue(ORDER) for _ in range(9_999)][-1]
    assert tickets.redeem(first) is None
    assert tickets.redeem(second) is tickets.redeem(last) is ORDER
