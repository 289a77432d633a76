"""Contracts: what forms, rules, indicators and territories are. Data, read once and frozen."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

from warehouse.contracts.breaks import Break, load_breaks
from warehouse.contracts.calendar import (
    Calendar,
    Coverage,
    last_day,
    load_calendar,
    load_coverage,
)
from warehouse.contracts.claims import Claims, load_claims
from warehouse.contracts.form_files import load_forms
from warehouse.contracts.forms import Coordinates, Form, FormColumn, Layout, Line, Section
from warehouse.contracts.indicators import Indicators, Mart, load_indicators, load_marts
from warehouse.contracts.messages import Message, Messages, load_messages
from warehouse.contracts.restatements import Restatements, load_restatements
from warehouse.contracts.rules import Rule, RuleBook, load_cross_rule_books, load_rule_book
from warehouse.contracts.tables import (
    Vocabulary,
    bind,
    load_vocabulary,
    rows_of,
    with_total_rule,
)
from warehouse.contracts.territories import (
    Population,
    Territories,
    load_population,
    load_territories,
)
from warehouse.contracts.versions.coordinates import (
    Absence,
    MeasureCell,
    SourceCell,
    absences,
    place_indicators,
    place_measures,
)
from warehouse.contracts.versions.history import History, histories
from warehouse.contracts.versions.rules import CrossBooks, follow_books
from warehouse.core.records import CONTRACTS_DIR, ContractError
from warehouse.core.texts import Names

__all__ = [
    "CONTRACTS_DIR",
    "ContractError",
    "Contracts",
    "Coordinates",
    "Form",
    "FormColumn",
    "Layout",
    "Line",
    "Rule",
    "RuleBook",
    "Section",
    "load_contracts",
]


@dataclass(frozen=True, eq=False)
class Contracts:
    """Everything under one contracts directory. Periods are YYYY-MM, territories KATO codes."""

    root: Path
    form_versions: tuple[Form, ...]
    rule_books: Mapping[Form, RuleBook]
    cross_rule_books: tuple[RuleBook, ...]
    cross_rule_versions: CrossBooks
    messages: Messages
    indicators: Indicators
    marts: Mapping[str, Mart]
    territories: Territories
    population: Population
    calendar: Calendar
    coverage: Coverage
    restatements: Restatements
    tables: Vocabulary
    breaks: tuple[Break, ...]
    histories: Mapping[str, History]
    source_cells: tuple[SourceCell, ...]
    measure_cells: Mapping[str, tuple[MeasureCell, ...]]

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        """The newest version of each form, by code."""
        return {form.code: form for form in self.form_versions}

    @cached_property
    def official_forms(self) -> tuple[Form, ...]:
        """Versions of the forms whose lines and sheets are fixed."""
        return tuple(form for form in self.form_versions if not form.is_table)

    @cached_property
    def table_forms(self) -> tuple[Form, ...]:
        """Versions of the forms whose rows are territories."""
        return tuple(form for form in self.form_versions if form.is_table)

    def form(self, code: str, period: str, territory: str | None = None) -> Form:
        """Give the version of a form in force in `period`. Raises KeyError.

        With `territory` (KATO) a table gets the rows that the territory has in that period.
        """
        for form in self.form_versions:
            if form.code == code and form.valid_in(period):
                return form if territory is None else self._bound(form, territory, period)
        raise KeyError(f"no version of form {code} is in force in {period}")

    def read_by(self, code: str, version: str, period: str, territory: str | None = None) -> Form:
        """Give the version, by name, that a submission was read by. `territory` as in `form`.

        Where the form has no version of that name, that in force in `period`. Raises KeyError.
        """
        for form in self.form_versions:
            if (form.code, form.version) == (code, version):
                return form if territory is None else self._bound(form, territory, period)
        return self.form(code, period, territory)

    @cached_property
    def absences(self) -> tuple[Absence, ...]:
        """When the form in force does not carry an indicator that another version of it does."""
        return tuple(absences(self.indicators, self.source_cells, self.histories))

    def is_in_force(self, code: str, period: str) -> bool:
        """Say whether a version of the form is in force in `period`; False for an unknown form."""
        return any(form.code == code and form.valid_in(period) for form in self.form_versions)

    def _bound(self, form: Form, territory: str, period: str) -> Form:
        if not form.is_table:
            return form
        units = rows_of(self.territories.children(territory, last_day(period)))
        whole = self.territories[territory]
        label = self.tables.total_row
        total = Names(
            ru=f"{label.ru} ({whole.name_ru})",
            kk=f"{label.kk} ({whole.name_kk})",
            en=f"{label.en} ({whole.name_en})",
        )
        return bind(form, whole, units, total)

    def rule_book(self, form: Form) -> RuleBook:
        """Give the rules of a form; those of a table do not depend on its territory."""
        return self.rule_books[form.unbound or form]

    def rules_for(self, form: Form) -> tuple[Rule, ...]:
        """Give the control rules inside one form."""
        return self.rule_book(form).rules

    def cross_rule_book(self, number: int, forms: Sequence[Form]) -> RuleBook:
        """Give a book of `cross_rule_books` in the numbers of these versions of its forms.

        `forms` are in the order of `rules.forms_of`. Raises KeyError.
        """
        return self.cross_rule_versions[number, tuple((f.code, f.version) for f in forms)]

    @cached_property
    def cross_rules(self) -> tuple[Rule, ...]:
        """The control rules of form against form."""
        return tuple(rule for book in self.cross_rule_books for rule in book.rules)

    def message(self, code: str) -> Message:
        """Give the message of a code. Raises KeyError."""
        return self.messages.message(code)

    def expected_submitters(self, form: str, period: str) -> tuple[str, ...]:
        """Give the units that owe `form` for `period`. Raises KeyError for an unknown form."""
        return self.calendar.expected_submitters(form, period, self.territories)

    def deadline(self, form: str, period: str) -> datetime:
        """Give the moment (UTC) after which `form` for `period` is late. Raises KeyError."""
        return self.calendar.deadline(form, period)

    @cached_property
    def claims(self) -> Claims:
        """The published figures and the rules to read them by."""
        return load_claims(self.root)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the name and bytes of every contract file (YAML and CSV) but `texts/`.

        The words of pages and papers change no verdict and no figure.
        """
        digest = hashlib.sha256()
        for file in self._judging_files():
            name = file.relative_to(self.root).as_posix().encode()
            content = file.read_bytes()
            digest.update(b"%d %b %d " % (len(name), name, len(content)))
            digest.update(content)
        return digest.hexdigest()

    def _judging_files(self) -> list[Path]:
        return sorted(
            file
            for file in self.root.rglob("*")
            if file.suffix in {".yml", ".csv"} and file.parent != self.root / "texts"
        )


@cache
def load_contracts(root: Path = CONTRACTS_DIR) -> Contracts:
    """Read the contracts under `root`; once per process. Raises ContractError."""
    forms = load_forms(root)
    territories = load_territories(root)
    tables = load_vocabulary(root)
    indicators = load_indicators(root)
    coverage = load_coverage(root)
    if unknown := set(coverage.where_both_exist.forms) - {form.code for form in forms}:
        names = ", ".join(sorted(unknown))
        raise ContractError(f"{root / 'coverage.yml'}: where_both_exist.forms: unknown {names}")
    past = histories(forms)
    placed = place_indicators(indicators, past, root)
    marts = load_marts(root)
    for mart in marts.values():
        if mart.form not in past:
            raise ContractError(f"{root / 'marts'}: {mart.mart}: no form {mart.form!r}")
    written = {(form.code, form.version): _rules_of(form, tables) for form in forms}
    cross = load_cross_rule_books(root)
    books = follow_books(written, cross, past)
    calendar = load_calendar(root)
    if without := {form.code for form in forms} - set(calendar.forms):
        names = ", ".join(sorted(without))
        raise ContractError(f"{root / 'calendar.yml'}: forms: nobody owes {names}")
    return Contracts(
        root=root,
        form_versions=forms,
        rule_books={form: books.inner[form.code, form.version] for form in forms},
        cross_rule_books=cross,
        cross_rule_versions=books.across,
        messages=load_messages(root),
        indicators=indicators,
        marts=marts,
        territories=territories,
        population=load_population(territories, root),
        calendar=calendar,
        coverage=coverage,
        restatements=load_restatements(root),
        tables=tables,
        breaks=load_breaks(indicators, root, placed.breaks),
        histories=past,
        source_cells=placed.cells,
        measure_cells={name: place_measures(mart, past[mart.form]) for name, mart in marts.items()},
    )


def _rules_of(form: Form, tables: Vocabulary) -> RuleBook:
    book = load_rule_book(form.folders[0])
    return with_total_rule(form, book, tables.total_rule) if form.is_table else book
