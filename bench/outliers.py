"""Power and false alarms of the outlier rule against DHIS2's z-score and modified z-score."""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import machine
from bench.pages.outliers_page import render
from tests.support.simulated_outliers import Decade, DecadeParameters, simulate, year_to_date
from warehouse.statistics.frame import HistoryFrame, OutlierParameters, load_parameters
from warehouse.statistics.outliers import detect, score
from warehouse.statistics.patterns import PATTERNS
from warehouse.statistics.slips import SLIPS, spoil

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

ROOT = Path(__file__).resolve().parents[1]
CLASSES = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
Z_THRESHOLD = 3.0
SHARE_PER_SLIP = 0.004
FIRST_TESTED = 36
EVERY = 3
RULES = ("ours", "alone", "z", "modified_z")


@dataclass(frozen=True)
class Trial:
    """Scores of tested cells, larger = more surprising, one row per rule of RULES."""

    scores: Floats
    listed: Booleans
    warned: Booleans
    slip: npt.NDArray[np.int64]
    changed: Booleans
    mean: Floats
    named: Booleans


def z_score(history: Floats) -> Floats:
    """DHIS2: |x - mean| / population deviation over the series with x in it; 0 when that is 0.

    `history` has shape (series, months); the last month is tested.
    """
    known = np.where(np.isfinite(history).any(axis=1, keepdims=True), history, 0.0)
    deviation = np.nanstd(known, axis=1)
    distance = np.abs(history[:, -1] - np.nanmean(known, axis=1))
    return np.where(deviation > 0, distance / np.where(deviation > 0, deviation, 1), 0.0)


def modified_z_score(history: Floats) -> Floats:
    """DHIS2: 0.6745 |x - median| / median absolute deviation; 0 when that is 0."""
    known = np.where(np.isfinite(history).any(axis=1, keepdims=True), history, 0.0)
    middle = np.nanmedian(known, axis=1)
    deviation = np.nanmedian(np.abs(known - middle[:, None]), axis=1)
    distance = 0.6745 * np.abs(history[:, -1] - middle)
    return np.where(deviation > 0, distance / np.where(deviation > 0, deviation, 1), 0.0)


def run_trial(seed: int, parameters: OutlierParameters) -> list[Trial]:
    """Spoil every third month of a decade, each over a clean history, and score it."""
    decade = simulate(seed)
    before = year_to_date(decade.counts) - decade.counts
    rng = np.random.default_rng(seed + 1_000_000)
    # The start moves with the seed, so that every month of the year takes its turn.
    months = range(FIRST_TESTED + seed % EVERY, decade.months, EVERY)
    return [_spoiled_month(rng, decade, before, t, parameters) for t in months]


def _spoiled_month(
    rng: np.random.Generator,
    decade: Decade,
    before: Floats,
    t: int,
    parameters: OutlierParameters,
) -> Trial:
    truth = decade.counts[:, :, t]
    spoiled = spoil(rng, truth, before[:, :, t], decade.oblast, SHARE_PER_SLIP)
    values = decade.counts[:, :, : t + 1].copy()
    values[:, :, t] = spoiled.values
    frame = _frame(decade, values)
    exact = parameters.model_copy(update={"screen_deviations": 0.0})
    last = np.array([t])
    ours = score(frame, exact, last).probability[:, :, 0]
    series = values.reshape(-1, t + 1)
    alone_frame = HistoryFrame(series[:, None, :], np.zeros(1, dtype=np.int64), frame.first_month)
    alone = score(alone_frame, exact, last).probability[:, 0, 0].reshape(truth.shape)
    table = detect(frame, parameters, last)
    listed, warned, named = (np.zeros(truth.shape, dtype=np.bool_) for _ in range(3))
    listed[table.indicator, table.district] = True
    warned[table.indicator, table.district] = table.severity == 1
    answer = np.array([_RIGHT_NAMES[name] for name in PATTERNS])[table.pattern]
    named[table.indicator, table.district] = answer == spoiled.slip[table.indicator, table.district]
    use = np.isfinite(ours) & np.isfinite(alone)
    with np.errstate(divide="ignore"):
        scores = np.stack(
            [
                -np.log(ours)[use],
                -np.log(alone)[use],
                z_score(series).reshape(truth.shape)[use],
                modified_z_score(series).reshape(truth.shape)[use],
            ]
        )
    return Trial(
        scores=scores,
        listed=listed[use],
        warned=warned[use],
        slip=spoiled.slip[use],
        changed=(spoiled.values != truth)[use],
        mean=decade.means[:, :, t][use],
        named=named[use],
    )


_RIGHT_NAMES = {
    "none": -2,
    "lost_digit": 0,
    "doubled_month": 1,
    "swapped_districts": 2,
    "swapped_lines": 2,
    "oblast_in_district": 3,
    "month_as_ytd": 4,
    "ytd_as_month": -2,
}


def _frame(decade: Decade, values: Floats) -> HistoryFrame:
    return HistoryFrame(
        values,
        decade.oblast,
        f"{decade.parameters.first_year}-01",
        decade.population,
        decade.breaks[:, : values.shape[2]],
    )


def merge(trials: list[Trial]) -> Trial:
    """All cells of all trials as one."""
    return Trial(
        scores=np.concatenate([t.scores for t in trials], axis=1),
        **{
            name: np.concatenate([getattr(t, name) for t in trials])
            for name in ("listed", "warned", "slip", "changed", "mean", "named")
        },
    )


def threshold_for(clean: Floats, rate: float) -> float:
    """Smallest score s such that the share of clean scores ≥ s is at most `rate`."""
    ordered = np.sort(clean)[::-1]
    allowed = int(np.floor(rate * ordered.size))
    if allowed >= ordered.size:
        return float(ordered[-1])
    return float(np.nextafter(ordered[allowed], np.inf))


def tabulate(cells: Trial) -> list[dict[str, Any]]:
    """One row per mean class with power per slip."""
    edges = np.sqrt(np.array(CLASSES[:-1]) * np.array(CLASSES[1:]))
    number = np.digitize(cells.mean, np.concatenate([[0.12], edges, [900.0]])) - 1
    return [{"mean": mean} | _row(cells, number == i) for i, mean in enumerate(CLASSES)]


def _row(cells: Trial, chosen: Booleans) -> dict[str, Any]:
    clean = chosen & (cells.slip < 0)
    at_threshold = {
        "list": cells.listed,
        "warning": cells.warned,
        "z": cells.scores[2] >= Z_THRESHOLD,
        "modified_z": cells.scores[3] >= Z_THRESHOLD,
    }
    false_alarms = {name: float(hit[clean].mean()) for name, hit in at_threshold.items()}
    matched = {}
    for rival in ("z", "modified_z"):
        for mine in ("ours", "alone"):
            scores = cells.scores[RULES.index(mine)]
            matched[f"{mine}_at_{rival}"] = scores >= threshold_for(
                scores[clean], false_alarms[rival]
            )
    for rule in ("z", "modified_z"):
        scores = cells.scores[RULES.index(rule)]
        matched[f"{rule}_at_list"] = scores >= threshold_for(scores[clean], false_alarms["list"])
    hits = at_threshold | matched
    slips = {}
    for index, name in enumerate(SLIPS):
        hurt = chosen & (cells.slip == index)
        seen = hurt & cells.changed
        slips[name] = {
            "cells": int(hurt.sum()),
            "changed_share": _share(cells.changed, hurt),
            "named_share": _share(cells.named, seen & cells.listed),
            "power": {key: _share(hit, seen) for key, hit in hits.items()},
            "gain": _gains(hits, seen),
        }
    every = chosen & (cells.slip >= 0) & cells.changed
    return {
        "clean_cells": int(clean.sum()),
        "false_alarms": false_alarms,
        "spoiled_cells": int(every.sum()),
        "power": {key: _share(hit, every) for key, hit in hits.items()},
        "gain": _gains(hits, every),
        "slips": slips,
    }


COMPARISONS = (
    ("list", "z"),
    ("list", "modified_z"),
    ("ours_at_z", "z"),
    ("ours_at_modified_z", "modified_z"),
    ("alone_at_z", "z"),
    ("alone_at_modified_z", "modified_z"),
)


def _gains(hits: dict[str, Booleans], among: Booleans) -> dict[str, list[float] | None]:
    """Difference of power and its standard error, paired by cell."""
    return {
        f"{mine}-{theirs}": _paired(hits[mine][among], hits[theirs][among])
        for mine, theirs in COMPARISONS
    }


def _paired(mine: Booleans, theirs: Booleans) -> list[float] | None:
    if not mine.size:
        return None
    difference = mine.astype(np.float64) - theirs
    return [float(difference.mean()), float(difference.std() / np.sqrt(difference.size))]


def _share(hit: Booleans, among: Booleans) -> float | None:
    return float(hit[among].mean()) if among.any() else None


def speed(parameters: OutlierParameters) -> dict[str, float]:
    """Seconds to simulate the decade and to judge 240 × 100 series over 120 months."""
    started = time.perf_counter()
    simulate(1)
    simulated = time.perf_counter() - started
    decade = simulate(1, DecadeParameters(indicators=100))
    frame = _frame(decade, decade.counts)
    started, worked = time.perf_counter(), time.process_time()
    detect(frame, parameters)
    return {
        "simulate_240x20x120_seconds": simulated,
        "detect_240x100x120_seconds": time.perf_counter() - started,
        "detect_240x100x120_cpu_seconds": time.process_time() - worked,
    }


def run(seeds: list[int]) -> dict[str, Any]:
    """The whole measurement as JSON-ready data."""
    parameters = load_parameters()
    described = machine.describe()
    cells = merge([trial for seed in seeds for trial in run_trial(seed, parameters)])
    return {
        "machine": described,
        "seeds": seeds,
        "parameters": parameters.model_dump(),
        "share_per_slip": SHARE_PER_SLIP,
        "tested_cells": int(cells.slip.size),
        "classes": tabulate(cells),
        "speed": speed(parameters),
    }


def main() -> None:
    """Measure, and write bench/results/outliers.json and docs/outliers.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="decades to simulate")
    parser.add_argument("--first-seed", type=int, default=201)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    result = run(list(range(options.first_seed, options.first_seed + options.seeds)))
    _print(result)
    if not options.no_write:
        target = ROOT / "bench" / "results" / "outliers.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (ROOT / "docs" / "outliers.md").write_text(render(result), encoding="utf-8")


def _print(result: dict[str, Any]) -> None:
    columns = ("list", "warning", "z", "modified_z")
    print(f"{'mean':>6}", *(f"{'FA ' + c:>13}" for c in columns), *(f"{c:>11}" for c in columns))
    for row in result["classes"]:
        print(
            f"{row['mean']:6}",
            *(f"{row['false_alarms'][c]:13.3%}" for c in columns),
            *(f"{row['power'][c]:11.1%}" for c in columns),
        )
    print(result["speed"])


if __name__ == "__main__":
    main()
