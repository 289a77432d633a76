"""The data dictionary, generated from the contracts: `python -m warehouse.dictionary`."""

import sys
from collections.abc import Iterator
from itertools import groupby

from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.breaks import breaks_by_indicator
from warehouse.contracts.indicators import Indicator

_HEAD = (
    "| code | ru | kk | en | unit | aggregation (territory, time) | form coordinates | part of "
    "| article | break |"
)
_INTRO = """# Data dictionary
Generated from `contracts/`, not edited: `python -m warehouse.dictionary > docs/data-dictionary.md`

Coordinates are form, section/line/graph; in compact forms the line is the district. A dash among
them: no form carries the indicator yet."""


def dictionary(contracts: Contracts) -> str:
    """All forms and indicators as Markdown."""
    parts = [_INTRO, *_forms(contracts), *_indicators(contracts), *_breaks(contracts)]
    return "\n".join(parts) + "\n"


def _cell(text: str | None) -> str:
    return (text or "—").replace("|", "\\|").replace("\n", " ")


def _row(*cells: str | None) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _forms(contracts: Contracts) -> Iterator[str]:
    yield "\n## Forms\n\n| code | ru | kk | en | who reports | version | from |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for form in contracts.forms.values():
        levels = ", ".join(contracts.calendar.forms[form.code].levels)
        name = form.name
        yield _row(form.code, name.ru, name.kk, name.en, levels, form.version, form.valid_from)


def _indicators(contracts: Contracts) -> Iterator[str]:
    broken = {
        code: ", ".join(entry.from_month.strftime("%Y-%m") for entry in entries)
        for code, entries in breaks_by_indicator(contracts.breaks, contracts.indicators).items()
    }
    ordered = sorted(contracts.indicators.values(), key=lambda i: (i.domain, i.code))
    for domain, group in groupby(ordered, lambda i: i.domain):
        yield f"\n## {domain}\n\n{_HEAD}\n|{' --- |' * _HEAD.count(' | ')} --- |"
        for indicator in group:
            yield _indicator(indicator, broken.get(indicator.code))


def _indicator(indicator: Indicator, broken: str | None) -> str:
    parent = indicator.parent and f"{indicator.parent}: {indicator.dimension}"
    name = indicator.name
    return _row(
        f"`{indicator.code}`",
        name.ru,
        name.kk,
        name.en,
        f"{indicator.unit}, {indicator.measure_type}",
        f"{indicator.territory_aggregation}, {indicator.time_aggregation}",
        _coordinates(indicator),
        parent,
        indicator.article,
        broken,
    )


def _coordinates(indicator: Indicator) -> str | None:
    if indicator.status == "derived" and indicator.formula is not None:
        over = " + ".join(indicator.formula.numerator)
        under = " + ".join(indicator.formula.denominator)
        return f"({over}) / ({under})" if under else over
    sources = (s for s in indicator.sources if s.basis == "ytd")
    return "; ".join(f"{s.form} {s.section}/{_lines(s.lines)}/{s.graph}" for s in sources)


def _lines(lines: tuple[int, ...]) -> str:
    return "+".join(map(str, lines))


def _breaks(contracts: Contracts) -> Iterator[str]:
    head = "| code | from | settled | indicators | ru | kk | en | source | verified | doubts |"
    yield f"\n## Breaks in series\n\n{head}\n|{' --- |' * head.count(' | ')} --- |"
    for entry in contracts.breaks:
        months = (day.strftime("%Y-%m") for day in (entry.from_month, entry.settled_from))
        reason, verified = entry.reason, "yes" if entry.verified else "no"
        names = (reason.ru, reason.kk, reason.en, entry.source, verified, entry.note)
        yield _row(f"`{entry.id}`", *months, ", ".join(entry.indicators), *names)


if __name__ == "__main__":
    sys.stdout.write(dictionary(load_contracts()))
