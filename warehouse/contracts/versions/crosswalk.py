"""What became of the lines, or of the columns, of a section from one version to the next."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from warehouse.core.records import Record

Direction = Literal["later", "earlier"]


def _numbers(value: Any) -> Any:
    """Turn 5, "3-5" or [1, "3-5"] into a tuple; anything else is left for the model to refuse."""
    found: list[Any] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        first, dash, last = str(item).partition("-")
        is_range = dash and first.isdigit() and last.isdigit()
        found.extend(range(int(first), int(last) + 1) if is_range else [item])
    return tuple(found)


Numbers = Annotated[tuple[int, ...], BeforeValidator(_numbers)]


class Merged(Record):
    """Numbers whose figures are one figure from now on."""

    earlier: Numbers = Field(alias="from", min_length=2)
    later: int = Field(alias="to")


class Split(Record):
    """A number whose figure is told in parts from now on: the parts add up to it."""

    earlier: int = Field(alias="from")
    later: Numbers = Field(alias="to", min_length=2)


class Moves(Record):
    """What a version says about the numbers of a section. What it does not name stays as it was.

    `moved` pairs ranges of equal length. `renamed` and `changed` are in the numbers of the version:
    other words for the same thing, and another thing under the number, which breaks its series.
    """

    moved: Mapping[str | int, str | int] = {}
    new: Numbers = ()
    gone: Numbers = ()
    merged: tuple[Merged, ...] = ()
    split: tuple[Split, ...] = ()
    renamed: Numbers = ()
    changed: Numbers = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Numbers of the earlier version whose sum is that of the numbers of the later one.

    A side is empty where the other has no counterpart.
    """

    earlier: frozenset[int]
    later: frozenset[int]

    @property
    def is_one_to_one(self) -> bool:
        """Whether one number became one number."""
        return len(self.earlier) == len(self.later) == 1


class LostError(Exception):
    """Numbers that cannot be told in the other version."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self.numbers = tuple(sorted(numbers))
        super().__init__(", ".join(map(str, self.numbers)))


@dataclass(frozen=True)
class Crosswalk:
    """The steps of one section; every number of both versions is in exactly one of them."""

    steps: tuple[Step, ...]

    @cached_property
    def is_identity(self) -> bool:
        """Whether every number is what it was."""
        return all(step.is_one_to_one and step.earlier == step.later for step in self.steps)

    @cached_property
    def new(self) -> frozenset[int]:
        """Numbers of the later version that nothing in the earlier one stands for."""
        return frozenset().union(*(step.later for step in self.steps if not step.earlier))

    @cached_property
    def _by_side(self) -> dict[Direction, dict[int, Step]]:
        return {
            "later": {number: step for step in self.steps for number in step.earlier},
            "earlier": {number: step for step in self.steps for number in step.later},
        }

    def follow(self, numbers: Collection[int], direction: Direction = "later") -> frozenset[int]:
        """The numbers of the other version whose sum is that of `numbers`. Raises LostError."""
        found: set[int] = set()
        lost: set[int] = set()
        for number in numbers:
            step = self._by_side[direction][number]
            source, target = (
                (step.earlier, step.later) if direction == "later" else (step.later, step.earlier)
            )
            if target and source <= set(numbers):
                found |= target
            else:
                lost.add(number)
        if lost:
            raise LostError(lost)
        return frozenset(found)


def crosswalk(earlier: Collection[int], later: Collection[int], moves: Moves) -> Crosswalk:
    """The crosswalk between the numbers of two versions; ValueError names what does not fit."""
    named = list(_named(moves))
    _refuse_twice([number for step in named for number in step.earlier], "earlier")
    _refuse_twice([number for step in named for number in step.later], "later")
    old = frozenset().union(*(step.earlier for step in named))
    new = frozenset().union(*(step.later for step in named))
    _refuse(old - set(earlier), "the version before has no {}")
    _refuse(new - set(later), "this version has no {}")
    same = (set(earlier) - old) & (set(later) - new)
    _refuse(set(earlier) - old - same, "nothing is said of {}, which the version before has")
    _refuse(set(later) - new - same, "nothing is said of {}, which the version before has not")
    _refuse({*moves.renamed, *moves.changed} - set(later), "this version has no {}")
    kept = [Step(frozenset({number}), frozenset({number})) for number in sorted(same)]
    return Crosswalk((*named, *kept))


def _named(moves: Moves) -> Iterator[Step]:
    for before, after in moves.moved.items():
        old, new = _numbers(before), _numbers(after)
        if len(old) != len(new):
            raise ValueError(f"moved: {before} and {after} are not equally long")
        for pair in zip(old, new, strict=True):
            yield Step(frozenset({_whole(pair[0])}), frozenset({_whole(pair[1])}))
    for number in moves.new:
        yield Step(frozenset(), frozenset({number}))
    for number in moves.gone:
        yield Step(frozenset({number}), frozenset())
    for merged in moves.merged:
        yield Step(frozenset(merged.earlier), frozenset({merged.later}))
    for split in moves.split:
        yield Step(frozenset({split.earlier}), frozenset(split.later))


def _whole(value: object) -> int:
    if not str(value).isdigit():
        raise ValueError(f"moved: {value!r} is no number and no range such as 3-5")
    return int(str(value))


def _refuse_twice(numbers: list[int], side: str) -> None:
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ValueError(f"{twice[0]} of the {side} version is named twice")


def _refuse(numbers: Iterable[int], problem: str) -> None:
    if shown := ", ".join(map(str, sorted(numbers))):
        raise ValueError(problem.format(shown))
