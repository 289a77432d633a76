"""What the dictionary says about indicators and forms, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from warehouse.contracts import Contracts, Form
from warehouse.contracts.breaks import Break, breaks_by_indicator
from warehouse.contracts.indicators import Indicator
from warehouse.contracts.territories import Territory
from warehouse.core.texts import Language, load_texts
from warehouse.published.claims.register import claim_rows
from warehouse.published.dictionary.page import Block, Cell, Facts, Link, Page, Table

Verdicts = Mapping[str, str]
"""Verdict of a release by claim; empty where there is no release."""

_SHOWN_LINES = 6


class _Place(NamedTuple):
    """Lines of one column that an indicator adds up."""

    basis: str
    form: str
    section: str
    column: int
    lines: tuple[int, ...] = ()


class Dictionary:
    """The dictionary in one language."""

    def __init__(
        self, contracts: Contracts, language: Language, verdicts: Verdicts | None = None
    ) -> None:
        self._contracts = contracts
        self._language = language
        self._verdicts = verdicts or {}
        self._texts = load_texts("dictionary", contracts.root)

    def indicators(self) -> Page:
        """All indicators by domain."""
        ordered = sorted(self._contracts.indicators.values(), key=lambda i: (i.domain, i.code))
        head = [self._say("code"), self._say("name"), self._say("unit")]
        blocks = [
            Table(
                self._say(f"domain_{domain}"),
                head,
                [(self._link(i), self._name(i), self._say(f"unit_{i.unit}")) for i in group],
            )
            for domain, group in groupby(ordered, lambda i: i.domain)
        ]
        return Page("", self._say("indicators"), blocks)

    def forms(self) -> Page:
        """All forms."""
        rows = [
            (Link("forms", form.code, form.code), form.name.text(self._language))
            for form in self._contracts.forms.values()
        ]
        head = [self._say("code"), self._say("name")]
        return Page("", self._say("forms"), [Table(self._say("forms"), head, rows)])

    def indicator(self, code: str) -> Page:
        """The page of an indicator. Raises KeyError for an unknown one."""
        found = self._contracts.indicators[code]
        blocks: list[Block] = [
            Facts(self._say("indicator"), list(self._facts(found))),
            self._sources(found),
            Facts(self._say("reporters"), list(self._reporters(self._forms_of(found)))),
            self._breaks(found),
            self._claims(found),
        ]
        return Page(code, f"{code} — {self._name(found)}", blocks)

    def form(self, code: str) -> Page:
        """The page of a form. Raises KeyError for an unknown one."""
        form = self._contracts.forms[code]
        facts: list[tuple[str, Sequence[Cell]]] = [
            (f"{self._say('version')} {version.version}", [_validity([version]), version.source])
            for version in self._contracts.histories[code].versions
        ]
        rules = [
            (rule.id, getattr(rule.name, self._language), self._say(f"severity_{rule.severity}"))
            for rule in self._contracts.rules_for(form)
        ]
        carried = [
            (self._link(i), self._name(i), self._say(f"unit_{i.unit}"))
            for i in self._contracts.indicators.values()
            if code in self._forms_of(i)
        ]
        blocks: list[Block] = [
            Facts(self._say("form"), facts),
            Facts(self._say("reporters"), list(self._reporters([code]))),
            Table(
                self._say("indicators"),
                [self._say("code"), self._say("name"), self._say("unit")],
                carried,
            ),
            Table(
                self._say("rules"),
                [self._say("code"), self._say("name"), self._say("severity")],
                rules,
            ),
        ]
        return Page(code, f"{code} — {form.name.text(self._language)}", blocks)

    def _say(self, key: str, **params: object) -> str:
        return self._texts.text(key, self._language, **params)

    def _name(self, indicator: Indicator) -> str:
        return str(getattr(indicator.name, self._language))

    def _link(self, indicator: Indicator) -> Link:
        return Link("indicators", indicator.code, indicator.code)

    def _facts(self, found: Indicator) -> Iterator[tuple[str, Sequence[Cell]]]:
        is_derived = found.status == "derived"
        kind = "rate" if is_derived else found.measure_type
        yield self._say("definition"), [self._say(f"counted_{kind}", name=self._name(found))]
        yield self._say("domain"), [self._say(f"domain_{found.domain}")]
        yield self._say("unit"), [self._say(f"unit_{found.unit}")]
        over = "derived" if is_derived else found.territory_aggregation
        yield self._say("over_territory"), [self._say(f"territory_{over}")]
        yield self._say("over_time"), [self._say(f"time_{found.time_aggregation}")]
        if found.article:
            yield self._say("article"), [found.article]
        if found.iccs_code:
            yield self._say("iccs"), [found.iccs_code]
        if found.parent:
            parent = self._contracts.indicators[found.parent]
            yield self._say("part_of"), [self._link(parent), self._name(parent)]
            yield self._say("dimension"), [found.dimension]
        if parts := [i for i in self._contracts.indicators.values() if i.parent == found.code]:
            yield self._say("parts"), [self._link(part) for part in parts]
        if found.formula is not None:
            yield self._say("formula"), [self._formula(found)]
        if found.note:
            yield self._say("note"), [found.note]
        if self._language in found.names_unverified:
            yield self._say("note"), [self._say("names_unverified")]

    def _formula(self, found: Indicator) -> str:
        formula = found.formula
        if formula is None:
            raise ValueError(f"{found.code} has no formula")
        shown = " + ".join(formula.numerator)
        if formula.denominator:
            shown = f"({shown}) / ({' + '.join(formula.denominator)})"
        scale = "" if formula.scale == 1 else f"{formula.scale:g} × "
        return f"{scale}{shown}; {self._say('formula_version', version=formula.version)}"

    def _sources(self, found: Indicator) -> Table:
        keys = ("form", "section", "line", "column", "basis", "in_force")
        rows = [self._place(versions, place) for place, versions in self._places(found)]
        head = [self._say(key) for key in keys]
        otherwise = self._say("by_formula" if found.status == "derived" else "no_source")
        return Table(self._say("source"), head, rows, otherwise)

    def _places(self, found: Indicator) -> Iterator[tuple[_Place, list[Form]]]:
        """Where the figure stands, with the versions of the form in which it stands there."""
        lines: dict[tuple[_Place, str], list[int]] = {}
        for cell in self._contracts.source_cells:
            if cell.indicator_code == found.code:
                place = _Place(cell.basis, cell.form, cell.section, cell.column)
                lines.setdefault((place, cell.version), []).append(cell.line)
        told: dict[_Place, list[Form]] = {}
        for (place, name), numbers in lines.items():
            history = self._contracts.histories[place.form]
            whole = place._replace(lines=tuple(sorted(numbers)))
            told.setdefault(whole, []).append(history.versions[history.place(name)])
        yield from told.items()

    def _place(self, versions: Sequence[Form], place: _Place) -> Sequence[Cell]:
        form = versions[-1]
        section = form.section(place.section)
        column = section.column(place.column)
        lines = [f"{n} «{section.line(n).name.text(self._language)}»" for n in place.lines]
        shown = "; ".join(lines[:_SHOWN_LINES]) + ("; …" if len(lines) > _SHOWN_LINES else "")
        name, title = column.name.text(self._language), section.title.text(self._language)
        return (
            Link("forms", form.code, form.code),
            section.code if form.is_table else f"{section.code} «{title}»",
            self._say("each_unit") if form.is_table else shown,
            f"{column.number} «{name}»",
            self._say(f"basis_{place.basis}"),
            _validity(versions),
        )

    def _forms_of(self, found: Indicator) -> list[str]:
        """Forms that carry the indicator, or what it is computed from."""
        own = [source.form for source in found.sources]
        formula = found.formula
        for code in (*formula.numerator, *formula.denominator) if formula else ():
            part = self._contracts.indicators.get(code)
            own += self._forms_of(part) if part is not None and part.code != found.code else []
        return list(dict.fromkeys(own))

    def _reporters(self, forms: Sequence[str]) -> Iterator[tuple[str, Sequence[Cell]]]:
        for code in forms:
            duties = self._contracts.calendar.duties[code]
            levels = ", ".join(self._say(f"level_{level}") for level in duties.levels)
            rule = duties.deadlines[-1]
            due = self._say("deadline_rule", day=rule.day, hour=rule.hour)
            yield (
                self._contracts.forms[code].name.text(self._language),
                [
                    Link("forms", code, code),
                    levels,
                    due,
                ],
            )

    def _breaks(self, found: Indicator) -> Table:
        rows = [
            (
                _months(entry),
                getattr(entry.reason, self._language),
                self._say("seen" if entry.verified else "not_seen"),
            )
            for entry in self._broken.get(found.code, ())
        ]
        head = [self._say("from_month"), self._say("reason"), self._say("verified")]
        return Table(self._say("breaks"), head, rows, "—")

    @cached_property
    def _broken(self) -> Mapping[str, tuple[Break, ...]]:
        return breaks_by_indicator(self._contracts.breaks, self._contracts.indicators)

    @cached_property
    def _said(self) -> Mapping[str, Sequence[Sequence[Cell]]]:
        """What was said in public, by indicator."""
        found: dict[str, list[Sequence[Cell]]] = {}
        for row in claim_rows(self._contracts.claims, self._contracts):
            verdict = self._verdicts.get(row["claim_id"])
            cells = (
                row["claim_id"],
                f"«{row['quote']}»",
                row["speaker"],
                f"{row['published_on']:%d.%m.%Y}" if row["published_on"] else self._say("undated"),
                self._territory(row["territory_kato"], row["territory_name"]),
                self._say(f"verdict_{verdict}") if verdict else "—",
            )
            found.setdefault(row["indicator_code"] or "", []).append(cells)
        return found

    def _territory(self, kato: str, said: str) -> str:
        unit: Territory | None = self._contracts.territories.get(kato)
        return said if unit is None else str(getattr(unit, f"name_{self._language}"))

    def _claims(self, found: Indicator) -> Table:
        keys = ("claim", "quote", "speaker", "published", "territory", "verdict")
        head = [self._say(key) for key in keys]
        rows = self._said.get(found.code, ())
        return Table(self._say("said_in_public"), head, rows, self._say("nothing_said"))


def _validity(versions: Sequence[Form]) -> str:
    """First and last month of versions that follow each other; no last one while in force."""
    return f"{versions[0].valid_from} – {versions[-1].valid_to or '…'}"


def _months(entry: Break) -> str:
    """The first month counted otherwise, and where they differ the first that is wholly so."""
    first, settled = f"{entry.from_month:%Y-%m}", f"{entry.settled_from:%Y-%m}"
    return first if first == settled else f"{first} – {settled}"
