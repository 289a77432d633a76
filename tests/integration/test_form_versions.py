"""A form is renumbered: workbooks of both layouts in, every figure of both years right.

What the figures must be is worked out on the numbers of the first version, by what an order says
became of them; nothing here asks the code under test where an indicator stands.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mvd.build.pipeline import build_release
from tests.integration.renumbered_world import (
    KYZYLORDA,
    Place,
    Truth,
    World,
    added,
    drawn_truth,
    expected,
    world,
)
from tests.tools.form_versions import (
    Edits,
    NewVersion,
    Renumbering,
    copied_contracts,
    read_lines,
)
from warehouse.contracts import load_contracts

pytestmark = pytest.mark.usefixtures("quick_models")


# An order as it may come


def drawn_edits(draw: Callable[..., Any], rows: list[dict[str, str]]) -> Renumbering:
    """A few changes of a list of lines; only lines without parts of their own go or merge."""
    old = [int(row["line_code"]) for row in rows]
    parents = {int(row["line_code"]): row["parent_line"] for row in rows}
    edits = Edits.of(old)

    def leaf() -> int:
        places = [
            place
            for place, origin in enumerate(edits.origins)
            if len(origin) == 1 and str(origin[0]) not in parents.values()
        ]
        return int(draw(st.sampled_from(places)))

    kinds = st.sampled_from(["insert", "remove", "move", "merge"])
    for kind in draw(st.lists(kinds, min_size=2, max_size=5)):
        place = leaf()
        if kind == "insert":
            edits.insert_after(place)
        elif kind == "remove":
            edits.remove(place)
        elif kind == "move":
            edits.move(place, max(1, place + draw(st.integers(-9, 9))))
        else:
            following = edits.origins[place + 1 : place + 2]
            is_like = following and len(following[0]) == 1
            if is_like and parents[following[0][0]] == parents[edits.origins[place][0]]:
                edits.merge(place, place + 1)
    return edits.done(old)


def drawn_columns(draw: Callable[..., Any], numbers: list[int]) -> Renumbering:
    edits = Edits.of(numbers)
    edits.insert_after(draw(st.integers(0, len(numbers) - 1)))
    edits.move(draw(st.integers(0, 5)), draw(st.integers(6, 12)))
    if draw(st.booleans()):
        edits.remove(draw(st.integers(0, len(numbers) - 2)))
    return edits.done(numbers)


def lost(lines: Mapping[str, Renumbering], columns: Renumbering) -> dict[str, set[str]]:
    """By form, the indicators some of whose cells have no counterpart of their own any more."""
    found: dict[str, set[str]] = {"1-M": set(), "TRF-M": set()}
    for code, entry in load_contracts().indicators.items():
        for source in entry.sources:
            if source.form == "1-M" and source.section in lines:
                if not lines[source.section].carries(source.lines):
                    found["1-M"].add(code)
            elif source.form == "TRF-M" and not columns.carries([source.column]):
                found["TRF-M"].add(code)
    return found


@st.composite
def orders(draw: Callable[..., Any]) -> tuple[Renumbering, Renumbering, Renumbering]:
    """R1 and R2 of 1-М and the columns of TRF-M."""
    base = load_contracts().root / "forms" / "1-M"
    columns = [c.number for c in load_contracts().forms["TRF-M"].sections[0].columns]
    return (
        drawn_edits(draw, read_lines(base, "R1")),
        drawn_edits(draw, read_lines(base, "R2")),
        drawn_columns(draw, columns),
    )


def ordered(
    root: Path, r1: Renumbering, r2: Renumbering, columns: Renumbering, valid_from: str, until: str
) -> Mapping[str, Renumbering]:
    """Write contracts in which the order is in force; gives the renumbering by section."""
    copied_contracts(root / "c", with_rules=False)
    lines = {**dict.fromkeys(("R1", "R1-1", "R1-2"), r1), **dict.fromkeys(("R2", "R6"), r2)}
    ended = lost(lines, columns)
    official = NewVersion(root / "c", "1-M", "2026", valid_from, until).begin()
    official.lines("R1", ["R1", "R1-1", "R1-2"], r1, range(2001, 2100))
    official.lines("R2", ["R2", "R6"], r2)
    official.ended["indicators"] = sorted(ended["1-M"])
    official.declare()
    table = NewVersion(root / "c", "TRF-M", "2", valid_from, until).begin()
    table.columns(columns)
    table.ended["indicators"] = sorted(ended["TRF-M"])
    table.declare()
    return lines


# Not made smaller: one world takes as long as all the others.
@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(order=orders(), seed=st.integers(0, 2**32))
def test_whatever_an_order_renumbers_in_mid_year_every_figure_is_right(
    order: tuple[Renumbering, Renumbering, Renumbering], seed: int
) -> None:
    r1, _, columns = order
    with tempfile.TemporaryDirectory() as folder:
        lines = ordered(Path(folder), *order, valid_from="2026-03", until="2026-02")
        with world(Path(folder), lines, columns) as here:
            forms = ("1-M", "TRF-M")
            prior = {form: drawn_truth(form, seed) for form in forms}
            february = {form: drawn_truth(form, seed + 1) for form in forms}
            march = {form: added(february[form], seed + 2) for form in forms}
            here.report("2025-03", prior)
            here.report("2026-02", february)
            here.report("2026-03", march)
            outcome = build_release(here.services, here.settings)
            assert outcome.is_published, outcome.reasons_in("en")
            check_figures(here, lost(lines, columns), prior, february, march)
            check_offences(here, r1, february["1-M"], march["1-M"])


def check_figures(
    here: World,
    gone: Mapping[str, set[str]],
    prior: Mapping[str, Truth],
    february: Mapping[str, Truth],
    march: Mapping[str, Truth],
) -> None:
    told = {p: here.published(p, "ytd") for p in ("2025-03", "2026-02", "2026-03")}
    months = here.published("2026-03", "month")
    for form in ("1-M", "TRF-M"):
        then, before, now = (expected(form, t[form]) for t in (prior, february, march))
        stocks = {c for c, i in load_contracts().indicators.items() if i.measure_type == "stock"}
        for code, value in now.items():
            assert told["2025-03"][code]["value"] == pytest.approx(then[code]), code
            assert told["2026-02"][code]["value"] == pytest.approx(before[code]), code
            row = told["2026-03"][code]
            if row["value"] is None:
                assert code in gone[form], code
                assert row["status_reason"] == months[code]["status_reason"] == "not_in_form"
                continue
            assert row["value"] == pytest.approx(value), code
            assert row["value_prior_year"] == pytest.approx(then[code]), code
            month = value if code in stocks else value - before[code]
            assert months[code]["value"] == pytest.approx(month), code
        ytd = {c for c in gone[form] if told["2026-03"][c]["value"] is not None}
        assert ytd <= {c for c, i in load_contracts().indicators.items() if len(i.sources) > 1}


def check_offences(here: World, r1: Renumbering, february: Truth, march: Truth) -> None:
    """The series of every article, under the number that it always had."""
    rows = here.rows(
        "select offence_code, period_month::varchar as day, basis, registered"  # noqa: S608
        f" from marts.fct_crimes where territory_kato = '{KYZYLORDA}'"
    )
    told = {(r["offence_code"], r["day"][:7], r["basis"]): r["registered"] for r in rows}
    kept = {origin[0] for origin in r1.origins if len(origin) == 1}
    for old in r1.old:
        code, place = str(old), ("R1", old, 2)
        assert told[code, "2026-02", "ytd"] == february[place]
        if old in kept:
            assert told[code, "2026-03", "ytd"] == march[place]
            assert told[code, "2026-03", "month"] == march[place] - february[place]
        else:
            assert (code, "2026-03", "ytd") not in told
    validity = {
        row["offence_code"]: row["valid_to"]
        for row in here.rows(
            "select offence_code, valid_to::text as valid_to from marts.dim_offence"
        )
    }
    assert {int(c) for c, last in validity.items() if last == "2026-02-28"} == set(r1.old) - kept
    assert set(validity.values()) <= {None, "2026-02-28"}


# The runbook "add a form", step "a new version", word by word


@pytest.fixture(scope="module")
def renumbered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """1-М 2026: two lines after line 108 of R1, R1-1 and PRIL6; R1-2 stays as it was."""
    root = tmp_path_factory.mktemp("renumbered")
    copied_contracts(root / "c")
    without_mass_breach(root / "c")
    # 1. End the version in force and begin a folder for the new one.
    version = NewVersion(root / "c", "1-M", "2026", "2026-01", "2025-12").begin()
    # 2. Write the lists of lines that changed; section R1-2 goes on with a copy of the old one.
    lines: dict[str, Renumbering] = {}
    for line_set, sections in (("R1", ["R1", "R1-1"]), ("PRIL6", ["PRIL6"])):
        old = [int(row["line_code"]) for row in read_lines(version.base, line_set)]
        edits = Edits.of(old)
        edits.insert_after(108)
        edits.insert_after(108)
        made = edits.done(old)
        lines |= dict.fromkeys(sections, made)
        # 3. Say in changes.yml what became of the numbers.
        version.lines(line_set, sections, made, [1001, 1002])
    copy_of_r1(version)
    version.declare()
    columns = [c.number for c in load_contracts().forms["TRF-M"].sections[0].columns]
    with world(root, lines, Edits.of(columns).done(columns)) as here:
        yield here


def without_mass_breach(contracts: Path) -> None:
    """The figures of one article are no whole report, and break the rules of the others."""
    rules = contracts / "forms" / "1-M" / "rules.yml"
    lines = rules.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("mass_breach:")]
    rules.write_text("\n".join(kept) + "\n", encoding="utf-8")


def copy_of_r1(version: NewVersion) -> None:
    (version.folder / "sections").mkdir()
    section = (version.base / "sections" / "R1-2.yml").read_text(encoding="utf-8")
    kept = section.replace("\nlines: R1\n", "\nlines: R1-2\n")
    (version.folder / "sections" / "R1-2.yml").write_text(kept, encoding="utf-8")
    old = (version.base / "lines" / "R1.csv").read_text(encoding="utf-8")
    (version.folder / "lines" / "R1-2.csv").write_text(old, encoding="utf-8")


THEFT: dict[Place, float] = {
    **{("R1", line, 2): 40.0 for line in (1, 3, 4, 107, 109)},
    **{("R1", line, 1): 40.0 for line in (1, 3, 4, 107, 109)},
    **{("R1-1", line, 1): 40.0 for line in (1, 3, 4, 107, 109)},
    **{("R1-1", line, 2): 40.0 for line in (1, 3, 4, 107, 109)},
}
"""Forty thefts (line 109) of property (chapter 6, line 107), all minor crimes (lines 3 and 4)."""


def test_both_layouts_are_read_by_their_own_version(renumbered: World) -> None:
    for period, version in (("2025-12", "2022"), ("2026-01", "2026")):
        form = renumbered.contracts.form("1-M", period)
        assert form.version == version
        content = renumbered.official(form, THEFT)
        result = renumbered.send("1-M", period, content)
        assert [f for f in result.findings if f.severity == "error"] == []
    outcome = build_release(renumbered.services, renumbered.settings)
    assert outcome.is_published, outcome.reasons_in("en")
    for period in ("2025-12", "2026-01"):
        told = renumbered.published(period, "ytd")
        assert (told["CRM_THEFT"]["value"], told["CRM_TOTAL"]["value"]) == (40, 40)
        assert told["CRM_FRAUD"]["value"] == 0
    offences = renumbered.rows(
        "select offence_code, line, valid_from::text as first, valid_to::text as last"
        " from marts.dim_offence where offence_code in ('108', '109', '1001', '422')"
        " order by line_order"
    )
    assert [tuple(row.values()) for row in offences] == [
        ("108", 108, "2021-01-01", None),
        ("1001", 109, "2026-01-01", None),
        ("109", 111, "2021-01-01", None),
        ("422", 424, "2021-01-01", None),
    ]


@pytest.mark.parametrize(
    ("period", "other", "expected_version"),
    [("2026-02", "2025-12", "2026"), ("2025-11", "2026-01", "2022")],
    ids=["the old layout for a new month", "the new layout for an old month"],
)
def test_a_workbook_of_the_other_layout_is_refused_by_name(
    renumbered: World, period: str, other: str, expected_version: str
) -> None:
    form = renumbered.contracts.form("1-M", other)
    result = renumbered.send("1-M", period, renumbered.official(form, THEFT))
    errors = [finding for finding in result.findings if finding.severity == "error"]
    assert [finding.code for finding in errors] == ["FORM_VERSION_OTHER"]
    assert (errors[0].found, errors[0].expected) == (form.version, expected_version)
