"""Forms whose rows are territories: contracts give the columns, a territory and month the rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from warehouse.contracts.forms import (
    Form,
    FormColumn,
    Identification,
    Layout,
    Line,
    Measure,
    Section,
    Value,
)
from warehouse.contracts.rules import Rule, RuleBook
from warehouse.contracts.territories import Level, Territory
from warehouse.core.records import CONTRACTS_DIR, Month, Record, read_record
from warehouse.core.texts import Names, Texts

SECTION = "T"
ROW = 1
"""Line of every figure of a table in the lake, where the unit stands in a column of its own."""
NUMBER_COLUMN, NAME_COLUMN, CODE_COLUMN, FIRST_FORM_COLUMN = 1, 2, 3, 4
HEADER_ROW, UNIT_ROW, COLUMN_NUMBER_ROW, FIRST_DATA_ROW = 6, 7, 8, 9
ROW_LEVELS: frozenset[Level] = frozenset({"oblast_city", "district", "city_district"})


class _TableColumn(Record):
    number: int = Field(ge=1)
    name: Names
    unit: str | None = None
    integral: bool | None = None
    measure: Measure = "flow"
    is_additive: bool = True
    aliases: tuple[str, ...] = ()


class TableFile(Record):
    """The form.yml of a form of kind `table`."""

    kind: Literal["table"]
    code: str = Field(pattern=r"^[A-Z0-9]+-M$")
    name: Names
    version: str
    valid_from: Month
    valid_to: Month | None = None
    source: str
    cumulative: bool
    value: Value
    columns: tuple[_TableColumn, ...] = Field(min_length=1)


TERRITORY = Names(ru="Территория", kk="Аумақ", en="Territory")


def bilingual(name: Names) -> str:
    """Russian and Kazakh in one cell, as the departments print them."""
    return f"{name.ru}\n{name.kk}" if name.kk and name.kk != name.ru else name.ru


ROW_HEADINGS = {NUMBER_COLUMN: "№", NAME_COLUMN: bilingual(TERRITORY), CODE_COLUMN: "КАТО"}
"""What stands over the columns that name a row."""


def table_form(shape: TableFile, folder: Path) -> Form:
    """The form of a contract file, with one row that stands for any unit."""
    columns = tuple(
        FormColumn(
            number=column.number,
            sheet_column=FIRST_FORM_COLUMN + index,
            name=column.name,
            header=(bilingual(column.name),),
            unit=column.unit or shape.value.unit,
            integral=shape.value.integral if column.integral is None else column.integral,
            measure=column.measure,
            is_additive=column.is_additive,
            aliases=column.aliases,
        )
        for index, column in enumerate(shape.columns)
    )
    row = Line(ROW, ("", bilingual(TERRITORY)), TERRITORY, "", None, None, None)
    section = Section(
        code=SECTION,
        sheet=shape.code,
        title=shape.name,
        line_set=SECTION,
        value=shape.value,
        layout=_layout(shape, columns),
        lines=(row,),
        columns=columns,
    )
    return Form(
        code=shape.code,
        name=shape.name,
        version=shape.version,
        valid_from=shape.valid_from,
        valid_to=shape.valid_to,
        source=shape.source,
        cumulative=shape.cumulative,
        identification=Identification(document_title_prefixes=(shape.code,)),
        offence_reference=None,
        sections=(section,),
        folders=(folder,),
        kind="table",
    )


def _layout(shape: TableFile, columns: Sequence[FormColumn]) -> Layout:
    texts = [
        (2, 1, shape.name.ru),
        (3, 1, shape.name.kk),
        *((HEADER_ROW, column, heading) for column, heading in ROW_HEADINGS.items()),
        *((HEADER_ROW, column.sheet_column, column.header[0]) for column in columns),
    ]
    return Layout(
        header_row=HEADER_ROW,
        column_number_row=COLUMN_NUMBER_ROW,
        first_data_row=FIRST_DATA_ROW,
        label_columns=(NUMBER_COLUMN, NAME_COLUMN),
        code_column=CODE_COLUMN,
        texts=tuple(texts),
    )


def rows_of(units: Sequence[Territory]) -> tuple[Territory, ...]:
    """Of the units below a territory, those that get a row: districts and cities, by KATO."""
    return tuple(sorted((u for u in units if u.level in ROW_LEVELS), key=lambda u: u.kato))


def bind(form: Form, territory: Territory, units: Sequence[Territory], total: Names) -> Form:
    """Give a table its rows: one per unit, then that of the whole, named `total`."""
    (section,) = form.sections
    lines = [
        _line(number, unit.kato, Names(ru=unit.name_ru, kk=unit.name_kk, en=unit.name_en))
        for number, unit in enumerate(units, start=1)
    ]
    whole = replace(_line(len(lines) + 1, territory.kato, total), is_total=True)
    bound = replace(section, lines=(*lines, whole))
    return replace(form, sections=(bound,), territory=territory.kato, unbound=form)


def _line(number: int, kato: str, name: Names) -> Line:
    return Line(number, (str(number), bilingual(name)), name, "", None, None, None, kato)


# The vocabulary of tables


def _pattern(value: object) -> object:
    return re.compile(value, re.IGNORECASE) if isinstance(value, str) else value


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Role = Literal["prior", "difference", "percent", "month", "previous", "current", "other"]


class Unit(Record):
    """A unit of figures: its printed name, and words for it with the factor to it."""

    name: Names
    factors: Mapping[str, float] = {}


class TotalRule(Record):
    """What the row of the whole must be to the others."""

    severity: Literal["error", "warning"]
    name: Texts
    because: str


class Vocabulary(Record):
    """contracts/tables.yml: the words by which tables of the departments are understood."""

    total_row: Names
    total_words: tuple[str, ...]
    number_headers: tuple[str, ...]
    name_headers: tuple[str, ...]
    code_headers: tuple[str, ...]
    noise: tuple[str, ...]
    months: Mapping[int, tuple[str, ...]]
    roles: Mapping[Role, Pattern]
    multipliers: Mapping[str, float]
    units: Mapping[str, Unit]
    total_rule: TotalRule


def load_vocabulary(root: Path = CONTRACTS_DIR) -> Vocabulary:
    """Read `tables.yml` below `root`; raises ContractError."""
    return read_record(root / "tables.yml", Vocabulary)


def with_total_rule(form: Form, book: RuleBook, rule: TotalRule) -> RuleBook:
    """The rules of a table, and that the whole is the sum of its parts where columns add up."""
    columns = tuple(str(g.number) for g in form.sections[0].columns if g.is_additive)
    if not columns:
        return book
    total = Rule(
        id=f"{form.code}-WHOLE",
        severity=rule.severity,
        kind="lines",
        op="=",
        name=rule.name,
        sections=(SECTION,),
        columns=columns,
        left=("total",),
        right=("parts",),
        because=rule.because,
        holds="untested",
    )
    return book.model_copy(update={"rules": (*book.rules, total)})
