"""Shapes of the Parquet tables that a build reads, and the writing of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.core.texts import LANGUAGES

_TEXT, _FLAG, _DATE = pa.string(), pa.bool_(), pa.date32()
_NAMES = (("name_ru", _TEXT), ("name_kk", _TEXT), ("name_en", _TEXT))
_COORDINATE = (
    ("form_code", _TEXT),
    ("section", _TEXT),
    ("line", pa.int16()),
    ("column_number", pa.int16()),
)
GROWTH_TEXTS = (
    "no_base",
    "difference",
    "points",
    "percent",
    "times",
    "times_many",
    "unchanged",
    "not_comparable",
    "borders_changed",
    "across_break",
)

SCHEMAS: Mapping[str, pa.Schema] = {
    name: pa.schema(columns)
    for name, columns in {
        "territories": (
            ("territory_kato", _TEXT),
            ("parent_kato", _TEXT),
            ("territory_level", _TEXT),
            ("iso_3166_2", _TEXT),
            *_NAMES,
            ("valid_from", _DATE),
            ("valid_to", _DATE),
            ("predecessor_kato", _TEXT),
            ("split_from_kato", _TEXT),
        ),
        "population": (
            ("territory_kato", _TEXT),
            ("period_month", _DATE),
            ("population", pa.int64()),
            ("population_date", _DATE),
            ("population_quality", _TEXT),
        ),
        "indicators": (
            ("indicator_code", _TEXT),
            ("form_code", _TEXT),
            ("parent_code", _TEXT),
            ("dimension", _TEXT),
            ("domain", _TEXT),
            *_NAMES,
            ("unit", _TEXT),
            ("measure_type", _TEXT),
            ("territory_aggregation", _TEXT),
            ("time_aggregation", _TEXT),
            ("iccs_code", _TEXT),
            ("article", _TEXT),
            ("formula_scale", pa.float64()),
            ("formula_version", _TEXT),
            ("is_derived", _FLAG),
            ("is_verified", _FLAG),
            ("is_ranked", _FLAG),
        ),
        "indicator_sources": (
            ("indicator_code", _TEXT),
            *_COORDINATE,
            ("basis", _TEXT),
            ("sign", pa.int32()),
        ),
        "indicator_formulas": (
            ("indicator_code", _TEXT),
            ("role", _TEXT),
            ("component_code", _TEXT),
            ("sign", pa.int32()),
        ),
        "offences": (
            ("offence_code", _TEXT),
            ("line", pa.int16()),
            ("line_order", pa.int32()),
            *_NAMES,
            ("article", _TEXT),
            ("chapter", pa.int32()),
            ("parent_offence_code", _TEXT),
            ("severity", _TEXT),
            ("offence_kind", _TEXT),
            ("is_traffic", _FLAG),
            ("is_drugs", _FLAG),
        ),
        "offence_measures": (
            ("measure", _TEXT),
            ("offence_code", _TEXT),
            *_COORDINATE,
            ("basis", _TEXT),
        ),
        "periods": (("period_month", _DATE),),
        "expected_submitters": (
            ("form_code", _TEXT),
            ("territory_kato", _TEXT),
            ("period_month", _DATE),
            ("deadline_at", pa.timestamp("us")),
        ),
        "claims": (
            ("claim_id", _TEXT),
            ("source", _TEXT),
            ("published_on", _DATE),
            ("speaker", _TEXT),
            ("quote", _TEXT),
            ("territory_kato", _TEXT),
            ("territory_name", _TEXT),
            ("period_start", _DATE),
            ("period_end", _DATE),
            ("indicator_code", _TEXT),
            ("quantity", _TEXT),
            ("qualifier", _TEXT),
            ("stated_value", pa.float64()),
            ("unit", _TEXT),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("period_month", _DATE),
            ("basis", _TEXT),
            ("not_checkable_reason", _TEXT),
        ),
        "claim_contradictions": (
            ("contradiction_number", pa.int32()),
            ("contradiction_code", _TEXT),
            ("severity", _TEXT),
            ("claim_ids", _TEXT),
            ("message_ru", _TEXT),
            ("message_kk", _TEXT),
            ("message_en", _TEXT),
        ),
        "coverage_rules": (
            ("form_code", _TEXT),
            ("shown_from_units", pa.float64()),
            ("shown_from_population", pa.float64()),
            ("final_from_units", pa.float64()),
            ("final_from_population", pa.float64()),
            ("where_both_exist", _TEXT),
        ),
        "growth_rules": (
            ("minimal_base", pa.float64()),
            ("times_from", pa.float64()),
            *((f"{name}_{language}", _TEXT) for name in GROWTH_TEXTS for language in LANGUAGES),
        ),
        "restatement_rules": (
            ("suspected_factor", pa.float64()),
            ("suspected_minimum_change", pa.float64()),
        ),
        "series_breaks": (
            ("break_code", _TEXT),
            ("indicator_code", _TEXT),
            ("from_month", _DATE),
            ("settled_month", _DATE),
            ("is_inherited", _FLAG),
            ("reason_ru", _TEXT),
            ("reason_kk", _TEXT),
            ("reason_en", _TEXT),
            ("source_name", _TEXT),
            ("note", _TEXT),
            ("is_verified", _FLAG),
        ),
        "outlier_rules": (("version", pa.int32()), ("parameters", _TEXT)),
        "finding_texts": (
            ("finding_code", _TEXT),
            ("severity", _TEXT),
            ("text_ru", _TEXT),
            ("text_kk", _TEXT),
            ("text_en", _TEXT),
        ),
        "submissions": (
            ("submission_id", _TEXT),
            ("sequence", pa.int64()),
            ("form_code", _TEXT),
            ("form_version", _TEXT),
            ("territory_kato", _TEXT),
            ("period_month", _DATE),
            ("file_sha256", _TEXT),
            ("file_name", _TEXT),
            ("submitted_by", _TEXT),
            ("received_at", pa.timestamp("us")),
            ("verdict", _TEXT),
            ("is_counted", _FLAG),
            ("is_in_force", _FLAG),
            ("contract_hash", _TEXT),
        ),
        "findings": (
            ("submission_id", _TEXT),
            ("territory_kato", _TEXT),
            ("finding_number", pa.int32()),
            ("finding_code", _TEXT),
            ("severity", _TEXT),
            ("sheet", _TEXT),
            ("cell", _TEXT),
            ("section", _TEXT),
            ("line", pa.int16()),
            ("column_number", pa.int16()),
            ("found_value", _TEXT),
            ("expected_value", _TEXT),
            ("rule_id", _TEXT),
            ("message_ru", _TEXT),
            ("message_kk", _TEXT),
            ("message_en", _TEXT),
        ),
        "cell_files": (("submission_id", _TEXT), ("path", _TEXT), ("sha256", _TEXT)),
        # As the files of the lake.
        "no_cells": (
            ("submission_id", _TEXT),
            ("territory_kato", _TEXT),
            ("section", _TEXT),
            ("line", pa.int16()),
            ("graph", pa.int16()),
            ("value", pa.float64()),
        ),
    }.items()
}


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
