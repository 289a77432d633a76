"""A version of a form says what it changes, or is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.form_versions import REASON, Edits, NewVersion, read_lines, write_yaml
from warehouse.contracts import CONTRACTS_DIR, ContractError
from warehouse.contracts.form_files import load_forms
from warehouse.contracts.indicators import Indicators, load_indicators, load_marts
from warehouse.contracts.versions.coordinates import Placed, place_indicators, place_measures
from warehouse.contracts.versions.history import histories

pytestmark = pytest.mark.slow

BY_FORM = Indicators(
    tuple(
        entry.model_copy(update={"confirmed_by": ()})
        for entry in load_indicators().values()
        if {source.form for source in entry.sources} <= {"1-M"}
    )
)


@pytest.fixture
def version(tmp_path: Path) -> NewVersion:
    """1-М from 2026, so far with nothing changed."""
    shutil.copytree(CONTRACTS_DIR / "forms" / "1-M", tmp_path / "forms" / "1-M")
    return NewVersion(tmp_path, "1-M", "2026", "2026-01", "2025-12").begin()


def edited(version: NewVersion, line_set: str, edit: Callable[[Edits], None]) -> dict[str, Any]:
    """Write the list of lines after `edit` and give what should be said of it."""
    old = [int(row["line_code"]) for row in read_lines(version.base, line_set)]
    edits = Edits.of(old)
    edit(edits)
    version.lines(line_set, [line_set], edits.done(old), [901, 902] if line_set == "R1" else [])
    return dict(version.sections.pop()["lines"])


def unchanged(_: Edits) -> None:
    """The list as it was."""


def says(version: NewVersion, lines: dict[str, Any], section: str = "R11", **more: Any) -> None:
    content = {"sections": [{"codes": [section], "lines": lines}], **more}
    write_yaml(version.folder / "changes.yml", content)


def spoil(version: NewVersion, line_set: str, old: str, new: str) -> None:
    path = version.folder / "lines" / f"{line_set}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def placed(version: NewVersion) -> Placed:
    past = histories(load_forms(version.root))
    return place_indicators(BY_FORM, past, version.root)


def test_a_version_that_changes_nothing_says_nothing(version: NewVersion) -> None:
    earlier, later = load_forms(version.root)
    assert [s.code for s in earlier.sections] == [s.code for s in later.sections]
    assert placed(version).breaks == ()


def test_two_versions_of_one_name_are_refused(version: NewVersion) -> None:
    form = version.folder / "form.yml"
    form.write_text(form.read_text(encoding="utf-8").replace("version: '2026'", "version: '2022'"))
    with pytest.raises(ContractError, match=r"version: '2022' is the name of another version"):
        load_forms(version.root)


def test_lines_that_change_without_a_word_are_refused(version: NewVersion) -> None:
    edited(version, "R11", lambda edits: edits.insert_after(4))
    with pytest.raises(ContractError, match=r"changes\.yml: sections\.R11\.lines: .*22"):
        load_forms(version.root)


def test_what_is_said_is_held_against_the_names_of_the_lines(version: NewVersion) -> None:
    said = edited(version, "R11", lambda edits: edits.insert_after(4))
    says(version, said)
    _, later = load_forms(version.root)
    assert len(later.section("R11").lines) == 22
    says(version, {"new": 22})
    with pytest.raises(ContractError, match=r"22 takes offence 12 of another line"):
        load_forms(version.root)


def test_a_line_in_other_words_is_named(version: NewVersion) -> None:
    said = edited(version, "R11", unchanged)
    row = next(r for r in read_lines(version.folder, "R11")[2:] if "," not in r["name_ru"])
    name, code = row["name_ru"], int(row["line_code"])
    spoil(version, "R11", f",{name},", f",{name} (в иных словах),")
    says(version, said)
    problem = rf"{code} «.*» becomes {code} «.*в иных словах\)».*`renamed`.*`changed`"
    with pytest.raises(ContractError, match=problem):
        load_forms(version.root)
    says(version, said | {"renamed": code})
    assert load_forms(version.root)[1].section("R11").line(code).name.ru.endswith("словах)")


def test_a_parent_that_was_not_renumbered_is_refused(version: NewVersion) -> None:
    said = edited(version, "R1", lambda edits: edits.insert_after(13))
    spoil(version, "R1", ",6,108,", ",6,107,")
    write_yaml(
        version.folder / "changes.yml",
        {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}]},
    )
    with pytest.raises(ContractError, match=r"has parent_line 107, by the crosswalk 108"):
        load_forms(version.root)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",188,6,108,109\n", ",188,6,108,902\n", "an offence keeps its number"),
        (",901\n", ",999\n", None),
        (",13,,901\n", ",13,,14\n", "stands twice"),
    ],
)
def test_an_offence_keeps_its_number(
    version: NewVersion, old: str, new: str, problem: str | None
) -> None:
    said = edited(version, "R1", lambda edits: edits.insert_after(13))
    text = (version.folder / "lines" / "R1.csv").read_text(encoding="utf-8")
    if old not in text:
        # The row of the new line ends otherwise: take its last column alone.
        old, new = ",901\n", f",{new.rsplit(',', 1)[1]}"
    spoil(version, "R1", old, new)
    write_yaml(
        version.folder / "changes.yml",
        {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}]},
    )
    if problem is None:
        assert 999 in {line.offence for line in load_forms(version.root)[1].section("R1").lines}
    else:
        with pytest.raises(ContractError, match=problem):
            load_forms(version.root)


def gone(version: NewVersion, place: int, **more: Any) -> None:
    said = edited(version, "R1", lambda edits: edits.remove(place))
    write_yaml(
        version.folder / "changes.yml",
        {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}], **more},
    )


USERS_OF_111 = {"CRM_THEFT_APT"}
"""Indicators that name line 111 of R1 (theft from dwellings)."""


def test_a_gone_line_names_every_indicator_that_used_it(version: NewVersion) -> None:
    users = {
        entry.code
        for entry in BY_FORM.values()
        for source in entry.sources
        if source.section in ("R1", "R1-1", "R1-2") and 111 in source.lines
    }
    assert users >= USERS_OF_111
    gone(version, 110)
    with pytest.raises(ContractError, match=r"ended\.indicators: this version cannot tell") as told:
        placed(version)
    assert {code for code in BY_FORM if f"{code}:" in str(told.value)} == users


def test_what_is_named_as_ended_ends_with_a_reason(version: NewVersion) -> None:
    users = sorted(
        {
            entry.code
            for entry in BY_FORM.values()
            for source in entry.sources
            if source.section in ("R1", "R1-1", "R1-2") and 111 in source.lines
        }
    )
    ended = {"indicators": users}
    gone(version, 110, ended=ended)
    with pytest.raises(ContractError, match="reason and source"):
        load_forms(version.root)
    gone(version, 110, ended=ended, reason=REASON, source="Приказ № 1")
    found = placed(version)
    (entry,) = found.breaks
    assert (entry.indicators, f"{entry.from_month}") == (tuple(users), "2026-01-01")
    versions = {c.version for c in found.cells if c.indicator_code in users}
    assert versions == {"2022"}


def test_an_indicator_that_goes_on_cannot_be_named_as_ended(version: NewVersion) -> None:
    write_yaml(
        version.folder / "changes.yml",
        {"ended": {"indicators": ["CRM_THEFT"]}, "reason": REASON, "source": "Приказ № 1"},
    )
    with pytest.raises(ContractError, match=r"ended\.indicators: CRM_THEFT goes on"):
        placed(version)


def test_another_meaning_under_the_same_number_breaks_the_series(version: NewVersion) -> None:
    said = edited(version, "R1", unchanged) | {"changed": 109}
    content = {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}]}
    write_yaml(version.folder / "changes.yml", content | {"reason": REASON, "source": "Приказ № 1"})
    found = placed(version)
    (entry,) = found.breaks
    assert "CRM_THEFT" in entry.indicators
    assert {"CRM_FRAUD", "CRM_TOTAL"}.isdisjoint(entry.indicators)
    assert (entry.id, entry.reason.kk) == ("form_1_m_2026", REASON["kk"])


def test_an_indicator_written_anew_takes_over_from_its_version_on(version: NewVersion) -> None:
    gone(version, 110)
    theft = BY_FORM["CRM_THEFT_APT"]
    anew = [s.model_copy(update={"version": "2026", "lines": (110,)}) for s in theft.sources]
    entry = theft.model_copy(update={"sources": (*theft.sources, *anew)})
    past = histories(load_forms(version.root))
    cells = place_indicators(Indicators((entry,)), past, version.root).cells
    assert {(c.version, c.line) for c in cells} == {("2022", 111), ("2026", 110)}


def test_an_indicator_of_a_new_line_has_no_past(version: NewVersion) -> None:
    said = edited(version, "R1", lambda edits: edits.insert_after(108))
    write_yaml(
        version.folder / "changes.yml",
        {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}]},
    )
    theft = BY_FORM["CRM_THEFT"]
    sources = [s.model_copy(update={"version": "2026", "lines": (109,)}) for s in theft.sources]
    entry = theft.model_copy(update={"sources": tuple(sources)})
    past = histories(load_forms(version.root))
    cells = place_indicators(Indicators((entry,)), past, version.root).cells
    assert {(c.version, c.line) for c in cells} == {("2026", 109)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"lines": (999,)}, "version 2022 of 1-M has no line 999 in section R1"),
        ({"column": 99}, "version 2022 of 1-M has no column 99 in section R1"),
        ({"section": "R77"}, "version 2022 of 1-M has no section R77"),
        ({"version": "2019"}, "no version '2019' of form 1-M"),
    ],
)
def test_a_coordinate_that_its_version_has_not_is_refused(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    shutil.copytree(CONTRACTS_DIR / "forms" / "1-M", tmp_path / "forms" / "1-M")
    theft = BY_FORM["CRM_THEFT"]
    (first, *others) = [s for s in theft.sources if s.basis == "ytd"]
    entry = theft.model_copy(update={"sources": (first.model_copy(update=change), *others)})
    past = histories(load_forms(tmp_path))
    with pytest.raises(ContractError, match=f"CRM_THEFT: {problem}"):
        place_indicators(Indicators((entry,)), past, tmp_path)


def test_a_measure_whose_column_is_gone_is_named(version: NewVersion) -> None:
    section = yaml.safe_load((version.base / "sections" / "R1.yml").read_text(encoding="utf-8"))
    section["columns"] = [column for column in section["columns"] if column["number"] != 28]
    (version.folder / "sections").mkdir()
    write_yaml(version.folder / "sections" / "R1.yml", section)
    said = {"sections": [{"codes": ["R1"], "columns": {"gone": 28}}]}
    write_yaml(version.folder / "changes.yml", said)
    mart = load_marts()["fct_crimes"]
    past = histories(load_forms(version.root))["1-M"]
    with pytest.raises(ContractError, match=r"ended\.measures: this version cannot tell domestic"):
        place_measures(mart, past)
    write_yaml(version.folder / "changes.yml", said | {"ended": {"measures": ["domestic"]}})
    past = histories(load_forms(version.root))["1-M"]
    measures = {cell.measure for cell in place_measures(mart, past) if cell.version == "2026"}
    assert measures == {measure.name for measure in mart.measures} - {"domestic"}


def test_the_third_version_takes_from_the_second_what_it_does_not_say(version: NewVersion) -> None:
    second = edited(version, "R11", lambda edits: edits.insert_after(4))
    says(version, second)
    form = (version.folder / "form.yml").read_text(encoding="utf-8")
    (version.folder / "form.yml").write_text(form + "valid_to: 2026-12\n", encoding="utf-8")
    third = version.root / "forms" / "1-M-2027"
    third.mkdir()
    form = form.replace("'2026'", "'2027'").replace("2026-01", "2027-01")
    (third / "form.yml").write_text(form.replace("based_on: 1-M", "based_on: 1-M-2026"))
    loaded = load_forms(version.root)
    assert [(f.version, len(f.section("R11").lines)) for f in loaded] == [
        ("2022", 21), ("2026", 22), ("2027", 22),
    ]  # fmt: skip
    (third / "form.yml").write_text(form)
    with pytest.raises(ContractError, match=r"based_on: the version before is in .*'1-M-2026'"):
        load_forms(version.root)


def test_another_meaning_under_a_number_has_no_past(version: NewVersion) -> None:
    said = edited(version, "R1", unchanged) | {"changed": 109}
    content = {"sections": [{"codes": ["R1", "R1-1", "R1-2"], "lines": said}]}
    write_yaml(version.folder / "changes.yml", content | {"reason": REASON, "source": "Приказ № 1"})
    theft = BY_FORM["CRM_THEFT"]
    sources = [s.model_copy(update={"version": "2026", "lines": (109,)}) for s in theft.sources]
    entry = theft.model_copy(update={"sources": tuple(sources)})
    past = histories(load_forms(version.root))
    found = place_indicators(Indicators((entry,)), past, version.root)
    assert {c.version for c in found.cells} == {"2026"}
    assert found.breaks == ()


def without_column(version: NewVersion, section: str, number: int) -> dict[str, Any]:
    """Write a section without one of its columns; gives what changes.yml says of it."""
    content = yaml.safe_load(
        (version.base / "sections" / f"{section}.yml").read_text(encoding="utf-8")
    )
    content["columns"] = [c for c in content["columns"] if c["number"] != number]
    (version.folder / "sections").mkdir()
    write_yaml(version.folder / "sections" / f"{section}.yml", content)
    return {"sections": [{"codes": [section], "columns": {"gone": number}}]}


def test_the_end_of_printed_months_breaks_no_series(version: NewVersion) -> None:
    write_yaml(version.folder / "changes.yml", without_column(version, "R1-1", 4))
    found = placed(version)
    assert found.breaks == ()
    assert {c.basis for c in found.cells if c.version == "2026"} == {"ytd"}


def test_an_offence_of_the_reference_section_needs_a_number(version: NewVersion) -> None:
    old = [int(row["line_code"]) for row in read_lines(version.base, "R1")]
    edits = Edits.of(old)
    edits.insert_after(13)
    version.lines("R1", ["R1", "R1-1", "R1-2"], edits.done(old))
    version.declare()
    with pytest.raises(ContractError, match=r"line_code 14: .* needs a number that none had"):
        load_forms(version.root)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"section": "R77"}, "section R77"),
        ({"column": 99}, "column 99 in section R1"),
    ],
)
def test_a_measure_that_its_form_has_not_is_refused(change: dict[str, Any], problem: str) -> None:
    mart = load_marts()["fct_crimes"]
    (first, *others) = mart.measures
    spoilt = mart.model_copy(update={"measures": (first.model_copy(update=change), *others)})
    past = histories(load_forms(CONTRACTS_DIR))["1-M"]
    with pytest.raises(ContractError, match=f"fct_crimes: {first.name}: .* has no {problem}"):
        place_measures(spoilt, past)
