"""The contracts as rows of the input tables."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from warehouse.contracts import Contracts, Form, Line, Section
from warehouse.contracts.breaks import breaks_by_indicator
from warehouse.contracts.indicators import POPULATION, Indicator
from warehouse.core.clock import period_month
from warehouse.core.texts import LANGUAGES, load_texts

Row = dict[str, Any]


RECONCILIATION_CODES = (
    "PRINTED_MONTH_DIFFERS",
    "PARTS_DIFFER_FROM_CONSOLIDATED",
    "CONSOLIDATED_DIFFERS_FROM_PARTS",
)
"""Findings that only a build can make: they compare submissions with each other."""

_OFFENCE_MART = "fct_crimes"
_SEVERITIES = {
    "проступки": "misdemeanour",
    "преступлений": "crime",
    "небольшой тяжести": "minor",
    "средней тяжести": "medium",
    "тяжкие": "grave",
    "особо тяжкие": "especially_grave",
}


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def territory_rows(contracts: Contracts) -> Iterator[Row]:
    """Every unit that exists or existed."""
    for unit in contracts.territories.values():
        yield {
            "territory_kato": unit.kato,
            "parent_kato": unit.parent_kato,
            "territory_level": unit.level,
            "iso_3166_2": unit.iso_3166_2,
            "name_ru": unit.name_ru,
            "name_kk": unit.name_kk,
            "name_en": unit.name_en,
            **{f"label_{lang}": contracts.territories.label(unit.kato, lang) for lang in LANGUAGES},
            "valid_from": unit.valid_from,
            "valid_to": unit.valid_to,
            "predecessor_kato": unit.predecessor_kato,
            "split_from_kato": unit.split_from_kato,
        }


def period_rows(months: Iterable[date]) -> Iterator[Row]:
    """Months with their names."""
    texts = load_texts("months")
    for month in months:
        names = zip(LANGUAGES, texts.in_all_languages(f"{month:%m}"), strict=True)
        yield {"period_month": month, **{f"month_name_{lang}": name for lang, name in names}}


def population_rows(contracts: Contracts, months: Iterable[date]) -> Iterator[Row]:
    """One figure a month for every unit that exists then, in the borders of its last day."""
    for month in months:
        day = _last_day(month)
        for unit in contracts.territories.valid_on(day):
            figure = contracts.population.population_on(unit.kato, day)
            if figure is not None:
                yield {
                    "territory_kato": unit.kato,
                    "period_month": month,
                    "population": figure.value,
                    "population_date": figure.reference_date,
                    "population_quality": figure.quality,
                }


def indicator_rows(contracts: Contracts) -> Iterator[Row]:
    """The indicators, in the order of the contracts."""
    for indicator in contracts.indicators.values():
        formula = indicator.formula if indicator.status == "derived" else None
        yield {
            "indicator_code": indicator.code,
            "form_code": _form_of(contracts, indicator),
            "parent_code": indicator.parent,
            "dimension": indicator.dimension,
            "domain": indicator.domain,
            "name_ru": indicator.name.ru,
            "name_kk": indicator.name.kk,
            "name_en": indicator.name.en,
            "unit": indicator.unit,
            "measure_type": indicator.measure_type,
            "territory_aggregation": indicator.territory_aggregation,
            "time_aggregation": indicator.time_aggregation,
            "iccs_code": indicator.iccs_code or None,
            "article": indicator.article or None,
            "formula_scale": formula.scale if formula and formula.denominator else None,
            "formula_version": str(formula.version) if formula else None,
            "is_derived": formula is not None,
            "is_verified": indicator.status != "no_form",
            "is_ranked": indicator.ranked,
        }


def _form_of(contracts: Contracts, indicator: Indicator) -> str | None:
    """The one form that carries the indicator; None for an indicator without a form.

    A figure has one submission behind it, so an indicator cannot mix forms: ValueError.
    """
    forms = {source.form for source in indicator.sources}
    if indicator.status == "derived" and indicator.formula:
        operands = {*indicator.formula.numerator, *indicator.formula.denominator} - {POPULATION}
        components = [contracts.indicators[code] for code in operands]
        forms = {source.form for component in components for source in component.sources}
    if len(forms) > 1:
        raise ValueError(f"{indicator.code} mixes forms {sorted(forms)}")
    return next(iter(forms), None)


def indicator_source_rows(contracts: Contracts) -> Iterator[Row]:
    """The cells of each version of a form that add to an indicator."""
    for cell in contracts.source_cells:
        yield {
            "indicator_code": cell.indicator_code,
            "form_code": cell.form,
            "form_version": cell.version,
            "section": cell.section,
            "line": cell.line,
            "column_number": cell.column,
            "basis": cell.basis,
            "sign": cell.sign,
        }


def absence_rows(contracts: Contracts) -> Iterator[Row]:
    """Months in which the form in force does not carry an indicator."""
    for absence in contracts.absences:
        yield {
            "indicator_code": absence.indicator_code,
            "from_month": period_month(absence.first),
            "to_month": period_month(absence.last) if absence.last else None,
        }


def indicator_formula_rows(contracts: Contracts) -> Iterator[Row]:
    """Components of derived indicators."""
    for indicator in contracts.indicators.values():
        if indicator.status != "derived" or indicator.formula is None:
            continue
        for role in ("numerator", "denominator"):
            for component in getattr(indicator.formula, role):
                yield {
                    "indicator_code": indicator.code,
                    "role": role,
                    "component_code": component,
                    "sign": 1,
                }


def offence_rows(contracts: Contracts) -> Iterator[Row]:
    """Every offence of any version of the form, as the newest version that has it says.

    In the order of the newest version; an offence that ended stands after the one it followed.
    """
    validities = _validities(contracts)
    for order, (section, line) in enumerate(_offence_lines(contracts), start=1):
        parent = section.line(line.parent) if line.parent is not None else None
        first, last = validities[line.offence]
        yield {
            "offence_code": str(line.offence),
            "line": line.code,
            "line_order": order,
            "valid_from": period_month(first),
            "valid_to": _last_day(period_month(last)) if last else None,
            "name_ru": line.name.ru,
            "name_kk": line.name.kk or None,
            "name_en": line.name.en or None,
            "article": line.article or None,
            "chapter": line.chapter,
            "parent_offence_code": str(parent.offence) if parent else None,
            "severity": _SEVERITIES.get(line.name.ru.strip().lower()),
            "offence_kind": _offence_kind(line, parent),
            "is_traffic": line.offence in (contracts.marts["fct_traffic"].offences or ()),
            "is_drugs": line.offence in (contracts.marts["fct_drugs"].offences or ()),
        }


def _reference_sections(contracts: Contracts) -> list[tuple[Form, Section]]:
    """The section that lists the offences, in each version of the form, earliest first."""
    found = []
    for form in contracts.histories[contracts.marts[_OFFENCE_MART].form].versions:
        if form.offence_reference is None:
            raise ValueError(f"form {form.code} of {_OFFENCE_MART} names no section of offences")
        found.append((form, form.section(form.offence_reference.section)))
    return found


def _validities(contracts: Contracts) -> dict[int | None, tuple[str, str | None]]:
    """First and last month of every offence; no last month for one in force."""
    found: dict[int | None, tuple[str, str | None]] = {}
    for form, section in _reference_sections(contracts):
        for line in section.lines:
            first, _ = found.get(line.offence, (form.valid_from, None))
            found[line.offence] = first, form.valid_to
    return found


def _offence_lines(contracts: Contracts) -> list[tuple[Section, Line]]:
    """Every offence once, by its line in the newest version that has it."""
    *earlier, (_, newest) = _reference_sections(contracts)
    ordered = [(newest, line) for line in newest.lines]
    for _, section in reversed(earlier):
        places = {line.offence: place for place, (_, line) in enumerate(ordered)}
        ended = [line for line in section.lines if line.offence not in places]
        for line in reversed(ended):
            before = section.lines[: section.line_index[line.code]]
            place = max((places[x.offence] + 1 for x in before if x.offence in places), default=0)
            ordered.insert(place, (section, line))
    return ordered


def _offence_kind(line: Line, parent: Line | None) -> str:
    if parent is None:
        return "fact" if line.article else "total"
    if line.name.ru.strip().lower() in _SEVERITIES:
        return "severity"
    if line.chapter is None:
        return "breakdown"
    if parent.chapter is None:
        return "chapter"
    return "article" if line.article else "item"


def offence_measure_rows(contracts: Contracts) -> Iterator[Row]:
    """Which cell of each version of the form holds which measure of which offence."""
    for cell in contracts.measure_cells[_OFFENCE_MART]:
        yield {
            "measure": cell.measure,
            "offence_code": str(cell.offence),
            "form_code": cell.form,
            "form_version": cell.version,
            "section": cell.section,
            "line": cell.line,
            "column_number": cell.column,
            "basis": cell.basis,
        }


def coverage_rule_rows(contracts: Contracts) -> Iterator[Row]:
    """Thresholds of an aggregate, by form."""
    rule = contracts.coverage.aggregate
    for form in contracts.forms:
        yield {
            "form_code": form,
            "shown_from_units": rule.shown_from.units,
            "shown_from_population": rule.shown_from.population,
            "final_from_units": rule.final_from.units,
            "final_from_population": rule.final_from.population,
            "where_both_exist": contracts.coverage.where_both_exist.of(form),
        }


def growth_rule_row(contracts: Contracts) -> Row:
    """Which way a change is told."""
    return contracts.coverage.growth.model_dump()


def restatement_rule_row(contracts: Contracts) -> Row:
    """When a revision is suspected to be an error."""
    rule = contracts.restatements.suspected_error
    return {
        "suspected_factor": rule.factor,
        "suspected_minimum_change": rule.minimum_change,
    }


def finding_text_rows(contracts: Contracts) -> Iterator[Row]:
    """Texts of findings that a build makes."""
    outliers = [code for code in contracts.messages.by_code if code.startswith("OUTLIER_")]
    for code in (*RECONCILIATION_CODES, *outliers):
        message = contracts.message(code)
        yield {
            "finding_code": code,
            "severity": message.severity,
            **{f"text_{language}": message.text.text(language) for language in LANGUAGES},
        }


def series_break_rows(contracts: Contracts) -> Iterator[Row]:
    """Breaks in series, by indicator."""
    broken = breaks_by_indicator(contracts.breaks, contracts.indicators)
    for code, entries in broken.items():
        for entry in entries:
            yield {
                "break_code": entry.id,
                "indicator_code": code,
                "from_month": entry.from_month,
                "settled_month": entry.settled_from,
                "is_inherited": code not in entry.indicators,
                **{f"reason_{lang}": entry.reason.text(lang) for lang in LANGUAGES},
                "source_name": entry.source,
                "note": entry.note or None,
                "is_verified": entry.verified,
            }


def outlier_rule_row() -> Row:
    """The parameters of the search for unlikely figures."""
    from warehouse.statistics.frame import load_parameters

    parameters = load_parameters()
    return {"version": parameters.version, "parameters": parameters.model_dump_json()}
