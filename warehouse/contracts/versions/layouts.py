"""The drawing of a sheet whose lines changed and whose layout was taken over from the base."""

from collections.abc import Iterable
from dataclasses import replace

from warehouse.contracts.forms import Form, Section
from warehouse.contracts.versions.changes import Succession
from warehouse.contracts.versions.crosswalk import Crosswalk, LostError

Range = tuple[int, int, int, int]


def with_moved_labels(step: Succession) -> Form:
    """The later version with the merged labels of inherited sheets on the rows of their lines."""
    own = step.later.folders[0] / "sections"
    sections = tuple(
        section
        if section.code not in step.lines or (own / f"{section.code}.yml").exists()
        else _moved(step.earlier.section(section.code), section, step.lines[section.code])
        for section in step.later.sections
    )
    return replace(step.later, sections=sections)


def _moved(before: Section, after: Section, walk: Crosswalk) -> Section:
    if walk.is_identity or not before.layout.label_merges:
        return after
    merges = tuple(_ranges(before, after, walk, before.layout.label_merges))
    return replace(after, layout=after.layout.model_copy(update={"label_merges": merges}))


def _ranges(
    before: Section, after: Section, walk: Crosswalk, merges: Iterable[Range]
) -> Iterable[Range]:
    first_row = before.layout.first_data_row
    for top, left, bottom, right in merges:
        rows = [
            after.layout.first_data_row + after.line_index[number]
            for line in before.lines[top - first_row : bottom - first_row + 1]
            for number in _later(walk, line.code)
        ]
        if rows and (min(rows), left) != (max(rows), right):
            yield min(rows), left, max(rows), right


def _later(walk: Crosswalk, line: int) -> frozenset[int]:
    try:
        return walk.follow([line])
    except LostError:
        return frozenset()
