"""What a new version changes against the one in force, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.lake_cells import values_of
from ingestion.request import Services
from warehouse.contracts import Form
from warehouse.core.texts import Language
from warehouse.ledger import Submission
from warehouse.storage import lake


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that changed; None where one of the versions has no figure."""

    sheet: str
    cell: str
    line: int
    column: int
    label: str
    before: float | None
    after: float | None

    @property
    def delta(self) -> float:
        """By how much; a missing figure counts as nothing."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True, slots=True)
class Differences:
    """The `largest` of `total` changed cells, in the order of their size."""

    total: int
    compared: int
    largest: list[Change]


def differences(
    services: Services,
    before: Submission,
    after: Submission,
    *,
    language: Language = "ru",
    limit: int = 100,
) -> Differences:
    """Compare the cells of two accepted submissions of one form, territory and period.

    Both were read by the same version of the form.
    """
    form = services.contracts.read_by(
        after.form_code, after.form_version, after.period, after.territory_kato
    )
    old, new = (
        values_of(form, lake.read_cells(services.home, s.cells_path or "", s.cells_sha256))
        for s in (before, after)
    )
    is_missing = np.isnan(old) & np.isnan(new)
    changed = np.flatnonzero((old != new) & ~is_missing)
    size = np.abs(np.nan_to_num(new[changed]) - np.nan_to_num(old[changed]))
    order = np.argsort(-size, kind="stable")[:limit]
    largest = [
        _change(form, int(place), float(old[place]), float(new[place]), language)
        for place in changed[order]
    ]
    return Differences(total=len(changed), compared=len(form.coordinates), largest=largest)


def _change(form: Form, place: int, old: float, new: float, language: Language) -> Change:
    coordinates = form.coordinates
    section = form.sections[int(coordinates.section[place])]
    line, column = int(coordinates.line[place]), int(coordinates.column[place])
    names = (section.line(line).name, section.column(column).name)
    return Change(
        sheet=section.sheet,
        cell=section.cell(line, column),
        line=line,
        column=column,
        label=" · ".join(name.text(language) for name in names),
        before=None if np.isnan(old) else old,
        after=None if np.isnan(new) else new,
    )
