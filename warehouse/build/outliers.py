"""The step between the models and the gate: months that surprise, listed beside the figures.

dbt makes the empty table `marts.rpt_outliers`; here it is filled from the published months. What
it depends on (parameters, texts) comes from the inputs, so a rebuild gives the same rows.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.build.wording import Wording
from warehouse.core.duck import connect_build
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from warehouse.statistics.frame import HistoryFrame, OutlierParameters


# The months that reporting units told themselves, as published.
_MONTHS = """
    create or replace temporary view months as
        select v.indicator_code, v.territory_kato, t.parent_kato, v.period_month, v.value,
            v.submission_id, v.received_at_max, i.domain, i.measure_type, i.unit,
            t.territory_level in ('oblast', 'republican_city') as is_region
        from marts.fct_indicator_values as v
        join marts.dim_indicator as i using (indicator_code)
        join marts.dim_territory as t using (territory_kato)
        where v.basis = 'month' and v.submission_id is not null and v.value is not null
            and not i.is_derived and t.territory_level != 'republic'
"""
# Oblasts are peers of oblasts, districts of districts; indicators of one domain are read together.
_GROUPS = "select distinct domain, is_region from months order by all"
_SERIES = """
    select m.indicator_code, m.territory_kato, m.parent_kato, m.period_month, m.value,
        cast(p.population as double) as population
    from months as m
    left join read_parquet($population) as p using (territory_kato, period_month)
    where m.measure_type = 'flow' and m.unit in ('count', 'persons')
        and m.domain = $domain and m.is_region = $is_region
    order by all
"""
_SERIES_BREAKS = """
    select indicator_code, from_month, settled_month from marts.dim_series_break order by all
"""
_SPLITS = """
    select split_from_kato, valid_from from marts.dim_territory where split_from_kato is not null
    union
    select territory_kato, period_month from marts.fct_indicator_values
    where status_reason = 'border_change'
    order by all
"""
_NAMED = ("indicator_code", "territory_kato", "partner")
_INSERT = """
    insert into marts.rpt_outliers by name
    select f.*, m.submission_id, m.received_at_max as received_at
    from found as f
    join months as m using (indicator_code, territory_kato, period_month)
"""


def list_outliers(database: Path, inputs: Path, settings: Settings) -> int:
    """Fill `marts.rpt_outliers` of a build; gives the number of rows.

    The table stays empty where the history is shorter than the rule needs.
    """
    from warehouse.statistics.frame import OutlierParameters

    with connect_build(database, settings) as connection:
        found = connection.execute(
            "select parameters from read_parquet($path)", {"path": _file(inputs, "outlier_rules")}
        ).fetchone()
        if found is None:
            return 0
        parameters = OutlierParameters.model_validate(json.loads(found[0]))
        wording = Wording.read(connection, inputs)
        connection.execute("delete from marts.rpt_outliers")
        connection.execute(_MONTHS)
        rows = 0
        for domain, is_region in connection.execute(_GROUPS).fetchall():
            series = connection.execute(
                _SERIES,
                {
                    "domain": domain,
                    "is_region": is_region,
                    "population": _file(inputs, "population"),
                },
            ).to_arrow_table()
            listed = _listed(connection, series, parameters, wording)
            if listed is not None:
                connection.register("found", listed)
                connection.execute(_INSERT)
                connection.unregister("found")
                rows += listed.num_rows
        return rows


def _file(inputs: Path, name: str) -> str:
    return str(inputs / f"{name}.parquet")


def _listed(
    connection: duckdb.DuckDBPyConnection,
    series: pa.Table,
    parameters: OutlierParameters,
    wording: Wording,
) -> pa.Table | None:
    from warehouse.statistics.frame import HistoryFrame
    from warehouse.statistics.outliers import detect

    if series.num_rows == 0:
        return None
    frame = HistoryFrame.from_arrow(series)
    if frame.values.shape[2] <= parameters.minimum_history_months:
        return None
    frame = replace(
        frame,
        population=_known(frame),
        breaks=_splits(connection, frame),
        series_breaks=_series_breaks(connection, frame),
    )
    found = detect(frame, parameters)
    if len(found) == 0:
        return None
    table = found.to_arrow(frame).rename_columns({"code": "finding_code"})
    told = list(zip(found.codes(), found.message_parameters(frame), strict=True))
    for language in LANGUAGES:
        sentences = [wording.sentence(code, language, values, _NAMED) for code, values in told]
        table = table.append_column(f"message_{language}", [sentences])
    return table


def _known(frame: HistoryFrame) -> Any:
    """The population, or None where that of some unit is not known: rates need all of them."""
    import numpy as np

    is_known = frame.population is not None and bool(np.all(np.isfinite(frame.population)))
    return frame.population if is_known else None


def _splits(connection: duckdb.DuckDBPyConnection, frame: HistoryFrame) -> Any:
    """Months from which on a unit has other borders than before."""
    import numpy as np

    months = frame.values.shape[2]
    breaks = np.zeros(frame.values.shape[1:], dtype=bool)
    for kato, day in connection.execute(_SPLITS).fetchall():
        month = int(np.datetime64(day, "M").astype(int)) - int(frame.first.astype(int))
        if kato in frame.territory_codes and 0 <= month < months:
            breaks[frame.territory_codes.index(kato), month] = True
    return breaks


def _series_breaks(connection: duckdb.DuckDBPyConnection, frame: HistoryFrame) -> Any:
    """Months from which on an indicator is counted otherwise than in the month before."""
    import numpy as np

    indicators, _, months = frame.values.shape
    breaks = np.zeros((indicators, months), dtype=bool)
    first = int(frame.first.astype(int))
    for code, *days in connection.execute(_SERIES_BREAKS).fetchall():
        if code in frame.indicator_codes:
            start, settled = (int(np.datetime64(day, "M").astype(int)) - first for day in days)
            breaks[frame.indicator_codes.index(code), max(start, 0) : max(settled + 1, 0)] = True
    return breaks
