"""Writing the demonstration: workbooks, their manifest and the list of what was planted."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingestion.documents.official import write_workbook
from ingestion.read.workbook import SYNTHETIC
from mvd.demo.country import Country
from mvd.demo.faults import TEXT_NUMBER_PLACE, Fault, Submission
from mvd.demo.official import calibrate
from mvd.demo.plan import FORMS, Scope, plan
from mvd.demo.simulate import Simulation, balance, catalogue, restated
from mvd.demo.space import Space
from mvd.demo.story import write_story
from mvd.demo.tables import TableFigures
from mvd.demo.targets import Target, by_form, targets
from warehouse.contracts import Contracts, Form
from warehouse.contracts.territories import Territory
from warehouse.core.clock import period_month
from warehouse.core.texts import DEFAULT_LANGUAGE, Language

MANIFEST = "manifest.csv"
_ATOMS = 4_000
_EMPTY_SECTIONS = {("SNG-1", "R3")}
_LEFT_OUT = "R2"
_TYPED_THOUSANDS = 12
_ADDED_LATER = 3


@dataclass(frozen=True)
class DemoManifest:
    """What was written: the folder, its manifest and story, how much, and the planted faults."""

    folder: Path
    manifest: Path
    story: Path
    files: int
    size: int
    periods: tuple[str, ...]
    faults: tuple[Fault, ...]


def write_demo(
    target: Path,
    *,
    contracts: Contracts,
    scope: Scope,
    seed: int = 1,
    workers: int = 2,
    atoms: int = _ATOMS,
    language: Language = DEFAULT_LANGUAGE,
    progress: Callable[[int, int], None] | None = None,
) -> DemoManifest:
    """Write the workbooks of all regions for the months and for the same months a year before.

    The same arguments give the same bytes. More `atoms` give more varied figures and a longer
    start. The story is told in `language`. `progress` is told (files written, files in all).
    Raises ValueError when the last period is before the first.
    """
    regions = contracts.territories.regions_on(period_month(scope.last_period))
    population = _population(contracts, regions, scope.last_period)
    random = np.random.default_rng([seed, 5])
    order = [regions[index].kato for index in random.permutation(len(regions))]
    # A number typed with a space needs thousands.
    order.insert(TEXT_NUMBER_PLACE, order.pop(int(np.argmax([population[r] for r in order]))))
    wanted = targets(contracts)
    planned = plan(contracts, wanted, scope, order=order, random=random)
    if progress is not None:
        progress(0, len(planned.submissions))
    writer = _Writer(
        target,
        contracts,
        _simulation(contracts, population, wanted, atoms, seed),
        _tables(contracts, planned.submissions, wanted, seed),
    )
    size = _write_files(writer, planned.submissions, workers, progress)
    manifest = _write_manifest(target, contracts, planned.submissions)
    story = write_story(target, contracts, planned.submissions, planned.faults, language)
    return DemoManifest(
        target, manifest, story, len(planned.submissions), size, planned.periods, planned.faults
    )


def _population(contracts: Contracts, regions: Sequence[Territory], period: str) -> dict[str, int]:
    day = period_month(period)
    known = {r.kato: contracts.population.population_on(r.kato, day) for r in regions}
    return {kato: 0 if figure is None else figure.value for kato, figure in known.items()}


def _simulation(
    contracts: Contracts,
    population: Mapping[str, int],
    wanted: Sequence[Target],
    atoms: int,
    seed: int,
) -> Simulation:
    space = Space([contracts.forms[code] for code in FORMS])
    mine = [t for t in wanted if t.indicator.sources[0].form in FORMS]
    always = sorted({int(cell) for t in mine for cell in space.cells_of(t.indicator)})
    facts = catalogue(space, balance(space, contracts), atoms=atoms, seed=seed, always=always)
    simulation = Simulation(space, facts, population, seed)
    calibrate(simulation, mine, list(population))
    return simulation


def _tables(
    contracts: Contracts, submissions: Sequence[Submission], wanted: Sequence[Target], seed: int
) -> Mapping[str, TableFigures]:
    """Figures of the compact forms that are sent; of the published years, too."""
    sent = {s.form for s in submissions} - set(FORMS)
    years = [int(s.period[:4]) for s in submissions]
    published = [t.month.year for t in wanted]
    country = Country(contracts, min(*years, min(published) - 1), max(*years, *published))
    mine = by_form(wanted)
    forms = contracts.forms
    return {code: TableFigures(forms[code], country, seed, mine.get(code, ())) for code in sent}


def _write_files(
    writer: "_Writer",
    submissions: Sequence[Submission],
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> int:
    def drawn_together(submission: Submission) -> tuple[bool, str, str, str]:
        # Drawn sheets are kept for a few forms only: the official ones first, then one table
        # after the other.
        form = "" if submission.form in FORMS else submission.form
        return form != "", submission.titled, form, submission.period[:4]

    ordered = sorted(submissions, key=drawn_together)
    jobs = [list(group) for _, group in groupby(ordered, drawn_together)]
    written, size = 0, 0
    # Threads suffice: compression and numpy, where the time goes, leave the interpreter free.
    with ThreadPoolExecutor(workers) as pool:
        for count, length in pool.map(writer.write, jobs):
            written, size = written + count, size + length
            if progress is not None:
                progress(written, len(submissions))
    return size


class _Writer:
    def __init__(
        self,
        target: Path,
        contracts: Contracts,
        simulation: Simulation,
        tables: Mapping[str, TableFigures],
    ) -> None:
        self._target = target
        self._contracts = contracts
        self._simulation = simulation
        self._tables = tables

    def write(self, submissions: Sequence[Submission]) -> tuple[int, int]:
        """Write the official forms of a territory and year, or one table; give number and bytes."""
        if submissions[0].form in FORMS:
            contents = self._official(submissions)
        else:
            contents = (self._table(submission) for submission in submissions)
        size = 0
        for submission, content in zip(submissions, contents, strict=True):
            file = self._target / file_name(self._contracts, submission)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            size += len(content)
        return len(submissions), size

    def _official(self, submissions: Sequence[Submission]) -> Iterator[bytes]:
        territory, year = submissions[0].titled, submissions[0].period[:4]
        restatements = {
            s.period: self._simulation.space.offsets[s.form] + self._place(s)
            for s in submissions
            if s.fault == "restatement"
        }
        figures = self._figures(territory, year, {s.period for s in submissions}, restatements)
        for submission in submissions:
            yield self._workbook(submission, figures[submission.period])

    def _figures(
        self, territory: str, year: str, wanted: set[str], restatements: Mapping[str, int]
    ) -> Mapping[str, NDArray[np.float64]]:
        simulation = self._simulation
        found = {}
        facts = simulation.year(territory, int(year))
        year_to_date = np.zeros_like(facts[0])
        for number, month in enumerate(facts[: int(max(wanted)[5:])], start=1):
            period = f"{year}-{number:02d}"
            before, year_to_date = year_to_date, year_to_date + month
            if period in restatements:
                year_to_date, month = restated(simulation, restatements[period], before, month)
            if period in wanted:
                found[period] = simulation.figures(year_to_date, month, territory)
        return found

    def _place(self, submission: Submission) -> int:
        return self._contracts.forms[submission.form].position(*_cell(submission))

    def _workbook(self, submission: Submission, figures: NDArray[np.float64]) -> bytes:
        form = self._contracts.forms[submission.form]
        values = self._simulation.space.of(form.code, figures).copy()
        for section in form.sections:
            if (form.code, section.code) in _EMPTY_SECTIONS:
                values[form.grid(section.code)] = np.nan
        texts: dict[int, str] = {}
        if submission.fault == "broken_identity":
            values[self._place(submission)] += 1
        if submission.fault in ("text_number", "unreadable_figure"):
            place = self._place(submission)
            texts[place] = _text(submission, values[place])
        titled = self._contracts.territories[submission.titled]
        return write_workbook(
            form,
            values,
            title=_title(form, titled),
            description=_description(form, titled),
            creator=SYNTHETIC,
            mark=SYNTHETIC,
            texts=texts,
            without=(_LEFT_OUT,) if submission.fault == "missing_sheet" else (),
        )

    def _table(self, submission: Submission) -> bytes:
        form = self._contracts.form(submission.form, submission.period, submission.titled)
        values = self._tables[form.code].of(form, submission.period)
        texts: dict[int, str] = {}
        if submission.fault in ("correction", "thousands_in_words"):
            section, line, column = _cell(submission)
            place = form.position(section, line, column)
            whole = form.position(section, form.sections[0].lines[-1].code, column)
            more = _ADDED_LATER
            if submission.fault == "thousands_in_words":
                more = _TYPED_THOUSANDS * 1000 - values[place]
                texts[place] = f"{_TYPED_THOUSANDS} тыс."
            values[[place, whole]] += more
        titled = self._contracts.territories[submission.titled]
        return write_workbook(
            form,
            values,
            title=_title(form, titled),
            description=f"{form.code};{submission.titled};{submission.period};{form.version}",
            creator=SYNTHETIC,
            mark=SYNTHETIC,
            texts=texts,
        )


def _cell(submission: Submission) -> tuple[str, int, int]:
    if submission.cell is None:
        raise ValueError(f"the fault {submission.fault} names no cell")
    return submission.cell


def _text(submission: Submission, value: float) -> str:
    if submission.fault == "unreadable_figure":
        return "уточняется"
    return f"{int(value):,}".replace(",", " ")


def _title(form: Form, territory: Territory) -> str:
    prefix = form.identification.document_title_prefixes[0]
    return f"{prefix}  {territory.name_ru.removeprefix('г. ')} (Свод)"


def _description(form: Form, territory: Territory) -> str:
    report = form.identification.document_report_codes[0]
    return f"28327;{report};19{territory.kato[:2]}%;__"


def file_name(contracts: Contracts, submission: Submission) -> str:
    """Path below the demonstration folder, in the manner of people's own names."""
    form = contracts.forms[submission.form]
    territory = contracts.territories[submission.territory].name_ru
    prefix = form.identification.document_title_prefixes[0]
    suffix = ""
    if submission.attempt > 1:
        suffix = " (2)" if submission.same_as_first else " испр"
    return f"{submission.period}/{prefix} {territory}{suffix}.xlsx"


def _write_manifest(target: Path, contracts: Contracts, submissions: Sequence[Submission]) -> Path:
    manifest = target / MANIFEST
    with manifest.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "territory", "period", "form", "received_at"])
        for s in submissions:
            received = s.received_at.isoformat()
            writer.writerow([file_name(contracts, s), s.territory, s.period, s.form, received])
    return manifest
