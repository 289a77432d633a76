"""The Parquet tables that a build reads: each declared once, with the words that describe it.

The sources and staging models of dbt are written from these declarations (`make staging`). Words
are blocks of `dbt_project/models/fields.md`, by default the block named as the column.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.core.texts import LANGUAGES


@dataclass(frozen=True, slots=True)
class Column:
    """Type of a column in Parquet and in SQL; `words` and `stored_as` where not its name."""

    arrow: pa.DataType
    sql: str
    words: str = ""
    stored_as: str = ""

    def by(self, words: str) -> "Column":
        """The column, described by another block."""
        return replace(self, words=words)


TEXT = Column(pa.string(), "{{ dbt.type_string() }}")
FLAG = Column(pa.bool_(), "boolean")
DATE = Column(pa.date32(), "date")
MOMENT = Column(pa.timestamp("us"), "{{ dbt.type_timestamp() }}")
CODE = Column(pa.int16(), "smallint")
COUNT = Column(pa.int32(), "integer")
LARGE_COUNT = Column(pa.int64(), "bigint")
NUMBER = Column(pa.float64(), "double")
FIGURE = Column(pa.float64(), "decimal(18, 4)")
"""Exact as soon as it is read: a sum must not depend on the order of rows."""


@dataclass(frozen=True, slots=True)
class InputTable:
    """A table, the source of dbt that it belongs to, its key and its columns in their order.

    Without a `source` no model reads it. `file` is the Parquet file, named as the table if empty.
    """

    source: str
    name: str
    description: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    file: str = ""

    @property
    def schema(self) -> pa.Schema:
        """Of the Parquet file."""
        return pa.schema([(c.stored_as or name, c.arrow) for name, c in self.columns.items()])


def _languages(name: str, words: str = "") -> dict[str, Column]:
    """A text column in each language."""
    return {f"{name}_{code}": TEXT.by(words and f"{words}_{code}") for code in LANGUAGES}


def _contracts(name: str, description: str, key: Iterable[str], **columns: Column) -> InputTable:
    return InputTable("contracts", name, description, tuple(key), columns)


def _ledger(name: str, description: str, key: Iterable[str], **columns: Column) -> InputTable:
    return InputTable("ledger", name, description, tuple(key), columns)


_COORDINATE = {
    "form_code": TEXT,
    "form_version": TEXT.by("coordinate_version"),
    "section": TEXT,
    "line": CODE,
    "column_number": CODE,
}

TABLES: tuple[InputTable, ...] = (
    _contracts(
        "territories",
        "Territorial units with validity.",
        ["territory_kato"],
        territory_kato=TEXT,
        parent_kato=TEXT,
        territory_level=TEXT,
        iso_3166_2=TEXT,
        **_languages("name"),
        **_languages("label"),
        valid_from=DATE,
        valid_to=DATE,
        predecessor_kato=TEXT,
        split_from_kato=TEXT,
    ),
    _contracts(
        "population",
        "Inhabitants of a territory, in the borders of the month, from the count nearest to it.",
        ["territory_kato", "period_month"],
        territory_kato=TEXT,
        period_month=DATE.by("population_month"),
        population=LARGE_COUNT,
        population_date=DATE,
        population_quality=TEXT,
    ),
    _contracts(
        "indicators",
        "Indicator catalogue.",
        ["indicator_code"],
        indicator_code=TEXT,
        form_code=TEXT.by("indicator_form_code"),
        parent_code=TEXT,
        dimension=TEXT,
        domain=TEXT,
        **_languages("name"),
        unit=TEXT,
        measure_type=TEXT,
        territory_aggregation=TEXT,
        time_aggregation=TEXT,
        iccs_code=TEXT,
        article=TEXT.by("indicator_article"),
        formula_scale=NUMBER,
        formula_version=TEXT,
        is_derived=FLAG,
        is_verified=FLAG,
        is_ranked=FLAG,
    ),
    _contracts(
        "indicator_sources",
        "Coordinates that make up an indicator; the value is their signed sum.",
        ["indicator_code", "form_version", "section", "line", "column_number", "basis"],
        indicator_code=TEXT,
        **_COORDINATE,
        basis=TEXT.by("source_basis"),
        sign=COUNT,
    ),
    _contracts(
        "indicator_absences",
        "Months in which the version of a form in force does not carry an indicator.",
        ["indicator_code", "from_month"],
        indicator_code=TEXT.by("absent_indicator_code"),
        from_month=DATE.by("absent_from_month"),
        to_month=DATE.by("absent_to_month"),
    ),
    _contracts(
        "indicator_formulas",
        "Components of derived indicators.",
        ["indicator_code", "role", "component_code"],
        indicator_code=TEXT.by("derived_indicator_code"),
        role=TEXT,
        component_code=TEXT,
        sign=COUNT,
    ),
    _contracts(
        "offences",
        "Offences of 1-М section R1 in all its versions.",
        ["offence_code"],
        offence_code=TEXT,
        line=CODE.by("offence_line"),
        line_order=COUNT,
        valid_from=DATE.by("offence_valid_from"),
        valid_to=DATE.by("offence_valid_to"),
        **_languages("name"),
        article=TEXT.by("offence_article"),
        chapter=COUNT,
        parent_offence_code=TEXT,
        severity=TEXT.by("offence_severity"),
        offence_kind=TEXT,
        is_traffic=FLAG,
        is_drugs=FLAG,
    ),
    _contracts(
        "offence_measures",
        "Coordinates of the measures of the offence facts.",
        ["measure", "offence_code", "form_version", "line", "column_number"],
        measure=TEXT,
        offence_code=TEXT,
        **_COORDINATE,
        basis=TEXT.by("source_basis"),
    ),
    _contracts(
        "periods",
        "Months of the build: every January to December of the years that have submissions.",
        ["period_month"],
        period_month=DATE,
        **_languages("month_name"),
    ),
    _contracts(
        "expected_submitters",
        "Who has to submit which form for which month.",
        ["form_code", "territory_kato", "period_month"],
        form_code=TEXT,
        territory_kato=TEXT.by("submitter_kato"),
        period_month=DATE,
        deadline_at=MOMENT,
        is_sent=FLAG,
        reported_at=MOMENT,
        is_on_time=FLAG,
    ),
    _contracts(
        "claims",
        "Published figures as questions to a release.",
        ["claim_id"],
        claim_id=TEXT,
        source_document=replace(TEXT, stored_as="source"),
        published_on=DATE,
        speaker=TEXT,
        quote_text=replace(TEXT, stored_as="quote"),
        territory_kato=TEXT,
        territory_name=TEXT,
        period_start=DATE,
        period_end=DATE,
        indicator_code=TEXT.by("claim_indicator_code"),
        quantity=TEXT,
        qualifier=TEXT,
        stated_value=NUMBER,
        unit=TEXT,
        low=NUMBER.by("claim_low"),
        high=NUMBER.by("claim_high"),
        period_month=DATE.by("claim_month"),
        basis=TEXT,
        not_checkable_reason=TEXT,
    ),
    _contracts(
        "claim_contradictions",
        "Published figures that do not fit together, found by rules.",
        ["contradiction_number"],
        contradiction_number=COUNT,
        contradiction_code=TEXT,
        severity=TEXT.by("contradiction_severity"),
        claim_ids=TEXT,
        **_languages("message", "contradiction"),
    ),
    _contracts(
        "coverage_rules",
        "From which coverage an aggregate is shown, and from which it is final.",
        ["form_code"],
        form_code=TEXT,
        shown_from_units=NUMBER,
        shown_from_population=NUMBER,
        final_from_units=NUMBER,
        final_from_population=NUMBER,
        where_both_exist=TEXT,
    ),
    _contracts(
        "growth_rules",
        "Which way a change against the year before is told; one row.",
        ["minimal_base"],
        minimal_base=NUMBER,
        times_from=NUMBER,
    ),
    _contracts(
        "restatement_rules",
        "When a restatement is a suspected error; one row.",
        ["suspected_factor"],
        suspected_factor=NUMBER,
        suspected_minimum_change=NUMBER,
    ),
    _contracts(
        "series_breaks",
        "Breaks in series.",
        ["break_code", "indicator_code"],
        break_code=TEXT,
        indicator_code=TEXT.by("broken_indicator_code"),
        from_month=DATE,
        settled_month=DATE,
        is_inherited=FLAG,
        **_languages("reason"),
        source_name=TEXT,
        note=TEXT,
        is_verified=FLAG.by("is_break_verified"),
    ),
    _contracts(
        "finding_texts",
        "Texts of the findings that only a build can make, outliers included.",
        ["finding_code"],
        finding_code=TEXT,
        severity=TEXT,
        **_languages("text"),
    ),
    _ledger(
        "submissions",
        "Every submission, whatever its verdict.",
        ["submission_id"],
        submission_id=TEXT,
        sequence=LARGE_COUNT,
        form_code=TEXT,
        form_version=TEXT,
        territory_kato=TEXT,
        period_month=DATE,
        file_sha256=TEXT,
        file_name=TEXT,
        submitted_by=TEXT,
        received_at=MOMENT,
        verdict=TEXT,
        is_counted=FLAG,
        is_in_force=FLAG,
        contract_hash=TEXT,
    ),
    _ledger(
        "findings",
        "What was found in submissions.",
        ["submission_id", "finding_number"],
        submission_id=TEXT,
        territory_kato=TEXT.by("finding_kato"),
        finding_number=COUNT,
        finding_code=TEXT,
        severity=TEXT,
        sheet=TEXT,
        cell=TEXT,
        section=TEXT,
        line=CODE,
        column_number=CODE,
        found_value=TEXT,
        expected_value=TEXT,
        rule_id=TEXT,
        **_languages("message"),
    ),
    InputTable(
        "lake",
        "cells",
        "Cells at the coordinates that an indicator or a measure needs, of every version.",
        ("submission_id", "territory_kato", "section", "line", "column_number"),
        {
            "submission_id": TEXT,
            "territory_kato": TEXT.by("figure_unit_kato"),
            "section": TEXT,
            "line": CODE,
            # As the files of the lake, which keep the name under which they were first written.
            "column_number": replace(CODE, stored_as="graph"),
            "value": FIGURE.by("cell_value"),
        },
        file="no_cells",
    ),
    InputTable(
        "",
        "cell_files",
        "Where the cells of a submission lie; the source `cells` is made of these files.",
        ("submission_id",),
        {"submission_id": TEXT, "path": TEXT, "sha256": TEXT},
    ),
    InputTable(
        "",
        "outlier_rules",
        "Parameters of the search for unlikely figures; one row.",
        ("version",),
        {"version": COUNT, "parameters": TEXT},
    ),
)

SCHEMAS: Mapping[str, pa.Schema] = {table.file or table.name: table.schema for table in TABLES}


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as the input table `name`; columns a row does not mention are null.

    Raises KeyError for a column that the table does not have: a misspelt name must not
    become a null.
    """
    schema = SCHEMAS[name]
    rows = list(rows)
    unknown = {column for row in rows for column in row} - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)


def write_tables(directory: Path, tables: Mapping[str, pa.Table]) -> None:
    """Write every input table to `directory`, absent ones empty: same tables, same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        content = tables.get(name, schema.empty_table()).cast(schema)
        ordered = content.sort_by([(column, "ascending") for column in schema.names])
        pq.write_table(ordered, directory / f"{name}.parquet", compression="zstd")
