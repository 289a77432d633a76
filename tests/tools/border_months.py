"""Months of units from the raw cells of a release, by pandas and the territories alone.

A second computation beside the models: it shares no code with them.
"""

from pathlib import Path

import pandas as pd

from warehouse.contracts import Contracts

KEY = ["indicator_code", "territory_kato", "period_month"]


def border_months(contracts: Contracts) -> set[tuple[str, str]]:
    """Territories with the months (YYYY-MM) in which their borders or code changed, no January."""
    units = contracts.territories
    moved: set[tuple[str, str]] = set()
    for unit in units.values():
        touched = {unit.kato} | ({unit.split_from_kato} - {None})
        if unit.predecessor_kato is not None:
            former = units[unit.predecessor_kato]
            if former.parent_kato != unit.parent_kato:
                touched |= {former.parent_kato, unit.parent_kato}
        moved |= {(str(kato), f"{unit.valid_from:%Y-%m}") for kato in touched}
    return {(kato, month) for kato, month in moved if not month.endswith("-01")}


def months_from_cells(release: Path, lake: Path, contracts: Contracts) -> pd.DataFrame:
    """Year to date, month and `is_across` of every unit that told an indicator itself.

    One row per KEY; `month` is NaN where the month before is not known in the same borders.
    """
    inputs = release / "inputs"
    submissions = pd.read_parquet(inputs / "submissions.parquet")
    in_force = submissions.loc[submissions["is_in_force"], ["submission_id", "period_month"]]
    paths = pd.read_parquet(inputs / "cell_files.parquet").merge(in_force, on="submission_id")
    sources = pd.read_parquet(inputs / "indicator_sources.parquet").query("basis == 'ytd'")
    indicators = pd.read_parquet(inputs / "indicators.parquet")
    flows = indicators.loc[indicators["measure_type"] == "flow", "indicator_code"]
    sources = sources[sources["indicator_code"].isin(flows)]
    needed = sources[["section", "line", "column_number"]].drop_duplicates()
    files = (pd.read_parquet(lake / path, partitioning=None) for path in paths["path"])
    named = (file.rename(columns={"graph": "column_number"}) for file in files)
    cells = pd.concat([file.merge(needed, on=list(needed)) for file in named])
    forms = submissions[["submission_id", "form_code", "form_version"]]
    told = (
        cells.merge(forms, on="submission_id")
        .merge(in_force, on="submission_id")
        .merge(sources, on=["form_code", "form_version", "section", "line", "column_number"])
    )
    told["ytd"] = told["sign"] * told["value"]
    told = told.groupby(KEY)["ytd"].sum(min_count=1).reset_index()
    told["period"] = pd.PeriodIndex(pd.to_datetime(told["period_month"]), freq="M")
    before = told.assign(period=told["period"] + 1).rename(columns={"ytd": "before"})
    told = told.merge(
        before[["indicator_code", "territory_kato", "period", "before"]],
        on=["indicator_code", "territory_kato", "period"],
        how="left",
    )
    told.loc[told["period"].dt.month == 1, "before"] = 0.0
    moved = border_months(contracts)
    text = told["period"].astype(str)
    pairs = pd.Series(list(zip(told["territory_kato"], text, strict=True)), index=told.index)
    told["is_across"] = pairs.isin(moved)
    told["month"] = (told["ytd"] - told["before"]).where(~told["is_across"])
    return told[[*KEY, "ytd", "month", "is_across"]]
