"""Turns: few at a time, each address in its turn, no address keeps the others out."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.guards.turns import Turns
from portal.problems import PortalError

STEP = 0.001


async def waiter(turns: Turns, address: str, served: list[str], running: list[int]) -> bool:
    try:
        async with turns.turn(address):
            running[0] += 1
            running[1] = max(running)
            served.append(address)
            await asyncio.sleep(STEP)
            running[0] -= 1
    except PortalError:
        return False
    return True


async def rush(turns: Turns, addresses: str) -> tuple[list[str], list[bool], int]:
    """Who was served in which order, who got in, and how many ran at once."""
    served: list[str] = []
    running = [0, 0]
    got_in = await asyncio.gather(*(waiter(turns, a, served, running) for a in addresses))
    return served, list(got_in), running[1]


def test_sixty_of_one_office_get_in() -> None:
    served, got_in, at_once = asyncio.run(rush(Turns(), "o" * 60))
    assert all(got_in)
    assert len(served) == 60
    assert at_once == 2


def test_one_person_waits_for_one_of_each_other_address() -> None:
    served, got_in, _ = asyncio.run(rush(Turns(at_once=1), "a" * 50 + "b" * 50 + "p"))
    assert all(got_in)
    assert served.index("p") <= 3


def test_attackers_who_fill_every_place_keep_nobody_out() -> None:
    _, got_in, _ = asyncio.run(rush(Turns(at_once=1, waiting=12), "a" * 20 + "b" * 20 + "ooo"))
    assert got_in[-3:] == [True, True, True]


@given(st.text("abcd", max_size=60), st.integers(1, 3), st.integers(0, 8))
def test_no_place_is_lost_and_the_places_are_shared(
    addresses: str, at_once: int, waiting: int
) -> None:
    turns = Turns(at_once=at_once, waiting=waiting)
    served, got_in, most = asyncio.run(rush(turns, addresses))
    sent, counted = Counter(addresses), Counter(served)
    assert most <= at_once
    assert len(served) == got_in.count(True) == min(len(addresses), at_once + waiting)
    # Whoever asked for no more than an equal share of the places was served.
    for address, count in sent.items():
        if count <= waiting // len(sent):
            assert counted[address] == count
    again, _, most_again = asyncio.run(rush(turns, "abcd"[:at_once]))
    assert len(again) == most_again == at_once


def test_a_turn_that_does_not_come_is_refused_and_leaves_no_trace() -> None:
    async def scenario() -> None:
        turns = Turns(at_once=1, wait_seconds=0.01)
        async with turns.turn("a"):
            with pytest.raises(PortalError, match="busy"):
                async with turns.turn("b"):
                    pass
            gone = asyncio.create_task(waiter(turns, "c", [], [0, 0]))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.wait([gone])
        async with turns.turn("d"):
            pass

    asyncio.run(scenario())
