"""What became of numbers, against lists that were really edited."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.form_versions import Edits, Renumbering
from warehouse.contracts.versions.crosswalk import Crosswalk, LostError, Moves, crosswalk


@st.composite
def renumberings(draw: Callable[..., Any]) -> Renumbering:
    """Any list of numbers after any edits, numbered anew from 1."""
    old = range(1, draw(st.integers(3, 12)) + 1)
    edits = Edits.of(old)
    for kind in draw(st.lists(st.sampled_from(["insert", "remove", "move", "merge"]), max_size=8)):
        place, other = draw(st.tuples(*[st.integers(0, len(edits.origins) - 1)] * 2))
        if kind == "insert":
            edits.insert_after(place)
        elif kind == "move":
            edits.move(place, other)
        elif len(edits.origins) > 2 and kind == "remove" and edits.origins[place]:
            edits.remove(place)
        elif (
            len(edits.origins) > 2
            and place != other
            and all(len(edits.origins[p]) == 1 for p in (place, other))
        ):
            edits.merge(min(place, other), max(place, other))
    return edits.done(list(old))


def walk_of(made: Renumbering) -> Crosswalk:
    return crosswalk(made.old, list(made.later), Moves.model_validate(made.declared()))


@given(made=renumberings(), data=st.data())
def test_a_sum_is_the_same_in_both_versions_or_said_to_be_lost(
    made: Renumbering, data: st.DataObject
) -> None:
    figures = {number: 10.0**number for number in made.old}
    told = {n: sum(figures[o] for o in origin) for n, origin in made.later.items()}
    wanted = data.draw(st.sets(st.sampled_from(made.old), min_size=1))
    whole = sum(figures[number] for number in wanted)
    if made.carries(wanted):
        assert sum(told[n] for n in walk_of(made).follow(wanted)) == whole
    else:
        with pytest.raises(LostError):
            walk_of(made).follow(wanted)


@given(made=renumberings(), data=st.data())
def test_the_way_back_tells_the_same_sum(made: Renumbering, data: st.DataObject) -> None:
    figures = {number: 10.0**number for number in made.old}
    wanted = data.draw(st.sets(st.sampled_from(sorted(made.later)), min_size=1))
    origins = [made.later[number] for number in wanted]
    if all(origins):
        back = walk_of(made).follow(wanted, "earlier")
        assert sum(figures[o] for o in back) == sum(figures[o] for o in sum(origins, ()))
    else:
        with pytest.raises(LostError):
            walk_of(made).follow(wanted, "earlier")


@given(made=renumberings(), data=st.data())
def test_a_number_of_which_nothing_is_said_is_refused(
    made: Renumbering, data: st.DataObject
) -> None:
    said = made.declared()
    if not (said.get("new") or said.get("gone")):
        return
    kind = data.draw(st.sampled_from([key for key in ("new", "gone") if said.get(key)]))
    forgotten = data.draw(st.sampled_from(said[kind]))
    said[kind] = [number for number in said[kind] if number != forgotten]
    named = {n for steps in said.get("merged", []) for n in steps["from"]}
    named |= {*said.get("moved", {}), *said.get("gone", ())}
    taken = {*said.get("moved", {}).values(), *said.get("new", ())}
    taken |= {steps["to"] for steps in said.get("merged", [])}
    is_free = (
        forgotten in made.old and forgotten not in named
        if kind == "new"
        else forgotten in made.later and forgotten not in taken
    )
    moves = Moves.model_validate(said)
    if is_free:
        # The other version has the number too: it is taken for the same thing, and its name
        # decides (see test_changes).
        steps = crosswalk(made.old, list(made.later), moves).steps
        assert any(step.earlier == step.later == {forgotten} for step in steps)
    else:
        with pytest.raises(ValueError, match=rf"nothing is said of .*\b{forgotten}\b"):
            crosswalk(made.old, list(made.later), moves)


def test_a_split_line_is_the_sum_of_its_parts_and_each_part_is_new() -> None:
    walk = crosswalk(
        [1, 2], [1, 2, 3], Moves.model_validate({"split": [{"from": 2, "to": [2, 3]}]})
    )
    assert walk.follow([1, 2]) == {1, 2, 3}
    assert walk.follow([2, 3], "earlier") == {2}
    with pytest.raises(LostError, match="3"):
        walk.follow([3], "earlier")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"moved": {"1-2": "2-4"}}, "not equally long"),
        ({"moved": {"one": 2}}, "'one' is no number"),
        ({"moved": {1: 3}, "gone": 1}, "1 of the earlier version is named twice"),
        ({"moved": {1: 3}, "new": 3}, "3 of the later version is named twice"),
        ({"gone": 9}, "the version before has no 9"),
        ({"new": 9}, "this version has no 9"),
        ({"renamed": 9}, "this version has no 9"),
        ({"gone": 3}, "nothing is said of 3, which the version before has not"),
    ],
)
def test_what_does_not_fit_is_named(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        crosswalk([1, 2, 3], [1, 2, 3], Moves.model_validate(said))
