"""A small country made by hand: build inputs whose every figure can be checked on paper.

Longer than 400 lines: its contracts and its figures are read side by side.
"""

import fcntl
import pickle
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.build.contract_rows import RECONCILIATION_CODES, period_rows
from warehouse.build.schemas import SCHEMAS, table, write_tables
from warehouse.build.transform import TransformResult, transform
from warehouse.core.texts import LANGUAGES
from warehouse.statistics.frame import load_parameters

REPUBLIC, NORTH, SOUTH, EAST = "000000000", "100000000", "200000000", "300000000"
SOUTH_TOWN, SOUTH_VALLEY = "201000000", "203000000"
NAMES = {
    REPUBLIC: "Республика",
    NORTH: "Север",
    SOUTH: "Юг",
    EAST: "Восток",
    SOUTH_TOWN: "Город",
    SOUTH_VALLEY: "Долина",
}
POPULATION = {
    REPUBLIC: 1000,
    NORTH: 500,
    SOUTH: 300,
    EAST: 200,
    SOUTH_TOWN: 100,
    SOUTH_VALLEY: 200,
}
VERSION = "2019"
Coordinate = tuple[str, int, int]


def month(text: str) -> date:
    """First day of a month written YYYY-MM."""
    return date.fromisoformat(f"{text}-01")


class Country:
    """Collects submissions and writes them as build inputs under `root`."""

    def __init__(self, root: Path, *, split_on: date | None = None) -> None:
        self.root = root
        self.lake = root / "lake"
        self.submissions: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.cell_files: list[dict[str, Any]] = []
        self.expected: list[dict[str, Any]] = []
        self.split_on = split_on

    def expect(self, *periods: str, territories: tuple[str, ...] = (NORTH, SOUTH, EAST)) -> None:
        """Say who has to report for these months, by noon of the 10th of the next month."""
        for period in periods:
            first = month(period)
            year, following = divmod(first.year * 12 + first.month, 12)
            self.expected += [
                {
                    "form_code": "1-M",
                    "territory_kato": territory,
                    "period_month": first,
                    "deadline_at": datetime(year, following + 1, 10, 12),  # noqa: DTZ001
                }
                for territory in territories
            ]

    def report(
        self,
        territory: str,
        period: str,
        cells: dict[Coordinate, float | None],
        *,
        verdict: str = "accepted",
        in_force: bool = True,
        received_at: datetime = datetime(2025, 1, 5, 9),  # noqa: DTZ001
    ) -> str:
        """Submit `cells` for a territory and month; gives the submission's identifier."""
        identifier = f"s{len(self.submissions) + 1:03d}"
        accepted = verdict != "rejected"
        self.submissions.append(
            {
                "submission_id": identifier,
                "sequence": len(self.submissions) + 1,
                "form_code": "1-M",
                "form_version": VERSION,
                "territory_kato": territory,
                "period_month": month(period),
                "file_sha256": identifier * 16,
                "file_name": f"{territory}.xlsx",
                "received_at": received_at,
                "verdict": verdict,
                "is_counted": accepted,
                "is_in_force": accepted and in_force,
            }
        )
        if accepted:
            name = f"{identifier}.parquet"
            self.lake.mkdir(parents=True, exist_ok=True)
            rows = [
                {
                    "submission_id": identifier,
                    "territory_kato": territory,
                    "section": s,
                    "line": n,
                    "graph": c,
                    "value": value,
                }
                for (s, n, c), value in cells.items()
            ]
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS["no_cells"]), self.lake / name)
            self.cell_files.append({"submission_id": identifier, "path": name})
        return identifier

    def warn(
        self, submission_id: str, section: str, line: int, form_column: int | None = None
    ) -> None:
        """Attach a warning to a coordinate of a submission."""
        self.findings.append(
            {
                "submission_id": submission_id,
                "territory_kato": next(
                    s["territory_kato"]
                    for s in self.submissions
                    if s["submission_id"] == submission_id
                ),
                "finding_number": len(self.findings) + 1,
                "finding_code": "CONTROL_RULE",
                "severity": "warning",
                "section": section,
                "line": line,
                "column_number": form_column,
            }
        )

    def write(self) -> Path:
        """Write the inputs; gives their directory."""
        months = {row["period_month"] for row in (*self.submissions, *self.expected)}
        years = {m.year for m in months if isinstance(m, date)}
        periods = [date(year, m, 1) for year in sorted(years) for m in range(1, 13)]
        rows: dict[str, list[dict[str, Any]]] = {
            "territories": self._territories(),
            "population": [
                {
                    "territory_kato": kato,
                    "period_month": period,
                    "population": count,
                    "population_date": date(2024, 1, 1),
                    "population_quality": "official_table",
                }
                for kato, count in POPULATION.items()
                for period in periods
            ],
            "indicators": INDICATORS,
            "indicator_sources": INDICATOR_SOURCES,
            "indicator_formulas": INDICATOR_FORMULAS,
            "offences": OFFENCES,
            "offence_measures": OFFENCE_MEASURES,
            "periods": list(period_rows(periods)),
            "expected_submitters": [{**row, **self._told(row)} for row in self.expected],
            "coverage_rules": [
                {
                    "form_code": "1-M",
                    "shown_from_units": 0.5,
                    "shown_from_population": 0.6,
                    "final_from_units": 1.0,
                    "final_from_population": 1.0,
                    "where_both_exist": "summary",
                }
            ],
            "growth_rules": [{"minimal_base": 10, "times_from": 2}],
            "restatement_rules": [{"suspected_factor": 5, "suspected_minimum_change": 20}],
            "series_breaks": SERIES_BREAKS,
            "finding_texts": RECONCILIATION_TEXTS,
            "outlier_rules": [outlier_rules()],
            "submissions": self.submissions,
            "findings": self.findings,
            "cell_files": self.cell_files,
        }
        directory = self.root / "inputs"
        write_tables(directory, {name: table(name, content) for name, content in rows.items()})
        return directory

    def _told(self, duty: dict[str, Any]) -> dict[str, Any]:
        key = ("form_code", "territory_kato", "period_month")
        own = [s for s in self.submissions if all(s[name] == duty[name] for name in key)]
        moments = [s["received_at"] for s in own if s["is_counted"]]
        reported = min(moments) if any(s["is_in_force"] for s in own) else None
        return {
            "is_sent": bool(own),
            "reported_at": reported,
            "is_on_time": reported is not None and reported <= duty["deadline_at"],
        }

    def _territories(self) -> list[dict[str, Any]]:
        def row(kato: str, parent: str | None, level: str) -> dict[str, Any]:
            is_split = kato == EAST and self.split_on is not None
            return {
                "territory_kato": kato,
                "parent_kato": parent,
                "territory_level": level,
                "name_ru": NAMES[kato],
                "name_kk": NAMES[kato],
                "name_en": NAMES[kato],
                "label_ru": NAMES[kato],
                "label_kk": NAMES[kato],
                "label_en": NAMES[kato],
                "valid_from": self.split_on if is_split else date(1900, 1, 1),
                "split_from_kato": SOUTH if is_split else None,
            }

        return [
            row(REPUBLIC, None, "republic"),
            *(row(kato, REPUBLIC, "oblast") for kato in (NORTH, SOUTH, EAST)),
            row(SOUTH_TOWN, SOUTH, "oblast_city"),
            row(SOUTH_VALLEY, SOUTH, "district"),
        ]


def outlier_rules() -> dict[str, Any]:
    """The parameters of the outlier rule as an input table holds them."""
    parameters = load_parameters()
    return {"version": parameters.version, "parameters": parameters.model_dump_json()}


SERIES_BREAKS = [
    {
        "break_code": "new_rule",
        "indicator_code": "REGISTERED",
        "from_month": date(2025, 2, 1),
        "settled_month": date(2025, 2, 1),
        "is_inherited": False,
        "is_verified": False,
    }
]


RECONCILIATION_TEXTS = [
    {
        "finding_code": code,
        "severity": "warning",
        **{
            f"text_{language}": "{indicator} {territory} {period}: {found}, {expected} {difference}"
            for language in LANGUAGES
        },
    }
    for code in RECONCILIATION_CODES
]


def figures(
    registered: float | None, ended: float = 0, interrupted: float = 0, in_month: float = 0
) -> dict[Coordinate, float | None]:
    """Cells of line 1: registered, ended, interrupted so far, and the month as printed."""
    return {
        ("R1", 1, 2): registered,
        ("R1", 1, 6): ended,
        ("R1", 1, 14): interrupted,
        ("R1-1", 1, 4): in_month,
        ("R9", 1, 1): 777,
    }


def _indicator(code: str, **columns: object) -> dict[str, Any]:
    return {
        "indicator_code": code,
        "form_code": "1-M",
        "domain": "crime",
        "name_ru": code,
        "unit": "count",
        "measure_type": "flow",
        "territory_aggregation": "sum",
        "time_aggregation": "sum",
        "is_derived": False,
        "is_verified": True,
        "is_ranked": False,
        **columns,
    }


_RATE = {"measure_type": "rate", "territory_aggregation": "none", "time_aggregation": "none"}

INDICATORS = [
    _indicator("REGISTERED"),
    _indicator("ENDED"),
    _indicator("INTERRUPTED"),
    _indicator("CLEARANCE", unit="percent", formula_scale=100.0, is_derived=True, **_RATE),
    _indicator("PER_10K", unit="rate_10k", formula_scale=10000.0, is_derived=True, **_RATE),
]


def _source(code: str, section: str, line: int, form_column: int, basis: str) -> dict[str, Any]:
    coordinate = {
        "form_code": "1-M",
        "form_version": VERSION,
        "section": section,
        "line": line,
        "column_number": form_column,
    }
    return {"indicator_code": code, **coordinate, "basis": basis, "sign": 1}


INDICATOR_SOURCES = [
    _source("REGISTERED", "R1", 1, 2, "ytd"),
    _source("REGISTERED", "R1-1", 1, 4, "month"),
    _source("ENDED", "R1", 1, 6, "ytd"),
    _source("INTERRUPTED", "R1", 1, 14, "ytd"),
]
INDICATOR_FORMULAS = [
    {"indicator_code": code, "role": role, "component_code": component, "sign": 1}
    for code, role, component in (
        ("CLEARANCE", "numerator", "ENDED"),
        ("CLEARANCE", "denominator", "ENDED"),
        ("CLEARANCE", "denominator", "INTERRUPTED"),
        ("PER_10K", "numerator", "REGISTERED"),
        ("PER_10K", "denominator", "population"),
    )
]
OFFENCES = [
    {
        "offence_code": "1",
        "line": 1,
        "line_order": 1,
        "name_ru": "Всего",
        "offence_kind": "total",
        "is_traffic": False,
        "is_drugs": False,
    }
]
_MEASURES = {
    "registered": ("R1", 2, "ytd"),
    "ended": ("R1", 6, "ytd"),
    "interrupted": ("R1", 14, "ytd"),
    "registered_in_month_reported": ("R1-1", 4, "month"),
}
OFFENCE_MEASURES = [
    {
        "measure": measure,
        "offence_code": "1",
        "form_code": "1-M",
        "form_version": VERSION,
        "section": section,
        "line": 1,
        "column_number": form_column,
        "basis": basis,
    }
    for measure, (section, form_column, basis) in _MEASURES.items()
]


@dataclass(frozen=True)
class Build:
    """A country that was built once for all tests of a run."""

    country: Country
    inputs: Path
    result: TransformResult

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Answer of a query on the marts (`from marts.fct_crimes`)."""
        with duckdb.connect(self.result.database, read_only=True) as connection:
            return connection.execute(sql).fetchall()


def built_country(run_folder: Path) -> Build:
    """Two years of three oblasts, with a gap, a refusal, a correction, districts and a silence.

    Built by the first process of a test run that asks; who reads it changes nothing.
    """
    root = run_folder / "country"
    root.mkdir(exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = root / "build.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_build(root)))
        found: Build = pickle.loads(kept.read_bytes())  # noqa: S301 - this run has written it
        return found


def _build(root: Path) -> Build:
    country = Country(root)
    country.expect("2024-01", "2024-02", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05")
    country.report(NORTH, "2024-01", figures(10, ended=5, interrupted=5))
    country.report(NORTH, "2024-02", figures(30, ended=8, interrupted=8))
    country.report(SOUTH, "2024-01", figures(7, ended=1, interrupted=1))
    country.report(SOUTH, "2024-02", figures(9, ended=1, interrupted=1))
    country.report(EAST, "2024-02", figures(4))
    first = country.report(NORTH, "2025-01", figures(99), in_force=False)
    corrected = country.report(
        NORTH, "2025-01", figures(12, ended=6, interrupted=2), verdict="accepted_with_warnings"
    )
    country.report(NORTH, "2025-02", figures(11, ended=9, interrupted=1))
    country.report(SOUTH, "2025-01", figures(0, ended=1, interrupted=3))
    country.report(SOUTH, "2025-02", figures(6, ended=2, interrupted=2))
    country.report(EAST, "2025-01", figures(5, ended=1), verdict="rejected")
    country.report(EAST, "2025-02", figures(8, ended=2))
    country.report(NORTH, "2025-03", figures(20))
    # April: the districts of South report, and one of North beside North's own return.
    country.report(NORTH, "2025-04", figures(25))
    country.report(SOUTH_TOWN, "2025-04", figures(3))
    country.report(SOUTH_VALLEY, "2025-04", figures(4))
    # May: South reports for itself again.
    country.report(SOUTH, "2025-05", figures(9))
    country.warn(first, "R1", 1, 2)
    country.warn(corrected, "R1", 1, 6)
    inputs = country.write()
    result = transform(inputs, country.lake, root / "build", with_unit_tests=True)
    return Build(country, inputs, result)
