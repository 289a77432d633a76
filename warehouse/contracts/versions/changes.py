"""What a version of a form changes: `changes.yml` beside its form.yml, checked against both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from warehouse.contracts.forms import Form, FormColumn, Line, Section
from warehouse.contracts.versions.crosswalk import Crosswalk, LostError, Moves, Step, crosswalk
from warehouse.core.records import ContractError, Record, read_record
from warehouse.core.texts import Texts

FILE = "changes.yml"
Axis = Literal["lines", "columns"]


class SectionChanges(Record):
    """The changes that one or more sections have in common."""

    codes: tuple[str, ...] = Field(min_length=1)
    lines: Moves = Moves()
    columns: Moves = Moves()


class Ended(Record):
    """What the version can no longer tell; each must really be lost."""

    indicators: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Changes(Record):
    """The content of changes.yml."""

    sections: tuple[SectionChanges, ...] = ()
    new_sections: tuple[str, ...] = ()
    gone_sections: tuple[str, ...] = ()
    ended: Ended = Ended()
    reason: Texts | None = None
    source: str = ""
    verified: bool = False

    @model_validator(mode="after")
    def _breaks_have_a_reason(self) -> Self:
        is_broken = self.ended.indicators or any(
            moves.changed for each in self.sections for moves in (each.lines, each.columns)
        )
        if is_broken and not (self.reason and self.source):
            raise ValueError("what is changed or ended breaks a series: give reason and source")
        return self

    @model_validator(mode="after")
    def _a_section_stands_once(self) -> Self:
        codes = [code for each in self.sections for code in each.codes]
        for code in codes:
            if codes.count(code) > 1:
                raise ValueError(f"section {code} stands twice")
        return self

    def of(self, section: str) -> SectionChanges:
        """What is said of a section; nothing where it is not named."""
        found = (each for each in self.sections if section in each.codes)
        return next(found, SectionChanges(codes=(section,)))


@dataclass(frozen=True)
class Succession:
    """How `later` follows `earlier`: a crosswalk of lines and one of columns per shared section."""

    earlier: Form
    later: Form
    changes: Changes
    lines: Mapping[str, Crosswalk]
    columns: Mapping[str, Crosswalk]

    @property
    def file(self) -> Path:
        """Where the changes are declared."""
        return self.later.folders[0] / FILE

    def is_changed(self, section: str, line: int, column: int) -> bool:
        """Whether a coordinate of the later version means something else than before."""
        said = self.changes.of(section)
        return line in said.lines.changed or column in said.columns.changed


def succession(earlier: Form, later: Form) -> Succession:
    """How a version follows the one before. Raises ContractError for what is not accounted for."""
    file = later.folders[0] / FILE
    changes = read_record(file, Changes) if file.exists() else Changes()
    _check_sections(file, changes, earlier, later)
    shared = [section for section in later.sections if section.code in earlier.section_index]
    unknown = {code for each in changes.sections for code in each.codes} - {s.code for s in shared}
    if unknown:
        raise ContractError(f"{file}: sections: no section {', '.join(sorted(unknown))} in both")
    lines, columns = {}, {}
    for section in shared:
        before, said = earlier.section(section.code), changes.of(section.code)
        walk = partial(_checked, file, before, section)
        lines[section.code] = walk("lines", said.lines)
        columns[section.code] = walk("columns", said.columns)
    return Succession(earlier, later, changes, lines, columns)


def _check_sections(file: Path, changes: Changes, earlier: Form, later: Form) -> None:
    before, after = set(earlier.section_index), set(later.section_index)
    for key, said, found in (
        ("new_sections", changes.new_sections, after - before),
        ("gone_sections", changes.gone_sections, before - after),
    ):
        if set(said) != found:
            listed = ", ".join(sorted(found)) or "none"
            raise ContractError(f"{file}: {key}: these are {listed}, not {', '.join(said)}")


def _checked(file: Path, before: Section, after: Section, axis: Axis, moves: Moves) -> Crosswalk:
    place = f"{file}: sections.{after.code}.{axis}"
    try:
        walk = crosswalk(_numbers(before, axis), _numbers(after, axis), moves)
    except ValueError as error:
        raise ContractError(f"{place}: {error}") from error
    if problem := next(_differences(before, after, axis, walk, moves), None):
        raise ContractError(f"{place}: {problem}")
    return walk


def _numbers(section: Section, axis: Axis) -> list[int]:
    if axis == "lines":
        return [line.code for line in section.lines]
    return [column.number for column in section.columns]


def _differences(
    before: Section, after: Section, axis: Axis, walk: Crosswalk, moves: Moves
) -> Iterator[str]:
    """What does not stay the same although nothing is said of it."""
    told = {*moves.renamed, *moves.changed}
    for step in walk.steps:
        if not step.is_one_to_one:
            yield from _reused(before, after, step) if axis == "lines" else ()
            continue
        (old,), (new,) = step.earlier, step.later
        one: Line | FormColumn
        other: Line | FormColumn
        if axis == "lines":
            one, other = before.line(old), after.line(new)
            yield from _line_differences(one, other, walk, is_told=new in told)
        else:
            one, other = before.column(old), after.column(new)
        if one.name.ru != other.name.ru and new not in told:
            yield (
                f"{old} «{one.name.ru}» becomes {new} «{other.name.ru}»: name {new} under"
                " `renamed` (the same in other words) or `changed` (something else)"
            )


def _reused(before: Section, after: Section, step: Step) -> Iterator[str]:
    """Offences of the version before that a line of another meaning takes."""
    taken = {line.offence for line in before.lines} - {None}
    for line in (after.line(number) for number in sorted(step.later)):
        if line.offence in taken:
            yield (
                f"{line.code} takes offence {line.offence} of another line: give it a number that"
                " no offence had before"
            )


def _line_differences(one: Line, other: Line, walk: Crosswalk, *, is_told: bool) -> Iterator[str]:
    if one.offence != other.offence:
        yield (
            f"{one.code} stands for offence {one.offence}, {other.code} for {other.offence}: an"
            " offence keeps its number in every version"
        )
    if one.parent is None or other.parent is None or is_told:
        return
    try:
        expected = walk.follow([one.parent])
    except LostError:
        return
    if other.parent not in expected | walk.new:
        yield f"{other.code} has parent_line {other.parent}, by the crosswalk {min(expected)}"
