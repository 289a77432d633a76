"""Forms and versions are added as data; a broken one is named by file and key."""

import pickle
import shutil
from pathlib import Path

import pytest

from warehouse.contracts import CONTRACTS_DIR, ContractError, load_contracts
from warehouse.contracts.form_files import load_forms


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A copy of the form contracts that a test may spoil."""
    shutil.copytree(CONTRACTS_DIR / "forms", tmp_path / "forms")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# Adding and breaking contracts


def add_form(contracts: Path) -> None:
    folder = contracts / "forms" / "2-X"
    shutil.copytree(contracts / "forms" / "SNG-1", folder)
    edit(folder / "form.yml", "code: SNG-1", "code: 2-X")


def test_a_new_form_is_added_as_data(contracts: Path) -> None:
    add_form(contracts)
    official = [form.code for form in load_forms(contracts) if not form.is_table]
    assert official == ["1-M", "2-X", "SNG-1"]


def add_version(contracts: Path) -> Path:
    """A version of 1-М from 2026 on whose section R10 has a column less; the rest is inherited."""
    folder = contracts / "forms" / "1-M-2026"
    (folder / "sections").mkdir(parents=True)
    base = contracts / "forms" / "1-M"
    shutil.copy(base / "form.yml", folder / "form.yml")
    edit(folder / "form.yml", 'version: "2022"', 'version: "2026"\nbased_on: 1-M')
    edit(folder / "form.yml", "valid_from: 2021-01", "valid_from: 2026-01")
    section = (base / "sections" / "R10.yml").read_text(encoding="utf-8")
    shorter = section[: section.index("  - number: 9\n")]
    (folder / "sections" / "R10.yml").write_text(shorter, encoding="utf-8")
    said = "sections:\n  - codes: [R10]\n    columns: {gone: 9}\n"
    (folder / "changes.yml").write_text(said, encoding="utf-8")
    return folder


def test_a_new_version_holds_only_what_changed(contracts: Path) -> None:
    add_version(contracts)
    edit(
        contracts / "forms" / "1-M" / "form.yml",
        "valid_from: 2021-01",
        "valid_from: 2021-01\nvalid_to: 2025-12",
    )
    earlier, later = (form for form in load_forms(contracts) if form.code == "1-M")
    assert (earlier.version, later.version) == ("2022", "2026")
    assert earlier.valid_in("2025-12")
    assert not earlier.valid_in("2026-01")
    assert later.valid_in("2026-01")
    assert len(earlier.section("R10").columns) == len(later.section("R10").columns) + 1
    assert later.section("R1").lines == earlier.section("R1").lines


def test_two_versions_of_a_form_must_not_overlap(contracts: Path) -> None:
    add_version(contracts)
    with pytest.raises(ContractError, match=r"1-M-2026/form\.yml.*valid_from.*overlaps"):
        load_forms(contracts)


def test_the_version_in_force_is_found_by_period() -> None:
    contracts = load_contracts()
    assert contracts.form("1-M", "2022-12").version == "2022"
    with pytest.raises(KeyError, match="1999-01"):
        contracts.form("1-M", "1999-01")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("form.yml", "cumulative:", "cumulatif:", r"form\.yml: .*cumulatif"),
        ("form.yml", "  - R3\n", "  - R4\n", r"sections/R4\.yml"),
        ("form.yml", "source: ", "based_on: 9-Z\nsource: ", r"form\.yml.*based_on.*9-Z"),
        ("form.yml", "section: R1", "section: R99", r"form\.yml.*R99"),
        ("sections/R1.yml", "code_column: D", "code_column: Ж", r"R1\.yml.*layout\.code_column"),
        (
            "sections/R1.yml",
            "column_number_row: 6",
            "column_number_row: 7",
            r"R1\.yml.*header_row < column_number_row",
        ),
        ("sections/R1.yml", "number: 2", "number: 1", r"R1\.yml.*columns\.number.*1 stands twice"),
        (
            "sections/R1.yml",
            "sheet_column: F",
            "sheet_column: E",
            r"R1\.yml.*columns\.sheet_column.*5 stands twice",
        ),
        ("sections/R1.yml", "lines: R1", "lines: R1\nline: R1", r"R1\.yml.*line"),
        ("sections/R1.yml", "lines: R1", "lines: R1\nlines: R2", r"R1\.yml.*lines"),
        ("sections/R1.yml", "lines: R1", "lines: R7", r"lines/R7\.csv"),
        ("lines/R2.csv", "offence\n", "offense\n", r"R2\.csv.*offense"),
        ("lines/R2.csv", "\n2,", "\n1,", r"R2\.csv.*line_code.*1 stands twice"),
        ("lines/R2.csv", "\n2,", "\ntwo,", r"R2\.csv.*line 3.*line_code"),
        ("lines/R2.csv", ",,4,\n", ",,44,\n", r"R2\.csv.*line_code 5.*no parent_line 44"),
        ("lines/R2.csv", ",,4,\n", ",,5,\n", r"R2\.csv.*line_code 5.*circle"),
        ("lines/R1.csv", ",6,13,111\n", ",6,13,109\n", r"R1\.csv.*offence.*109 stands twice"),
        ("lines/R1.csv", ",6,13,111\n", ",6,13,999\n", r"R1\.csv.*line_code 14.*no line 999"),
    ],
)
def test_a_broken_contract_is_named_by_file_and_key(
    contracts: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(contracts / "forms" / "SNG-1" / file, old, new)
    with pytest.raises(ContractError, match=message):
        load_forms(contracts)


def test_a_form_sent_to_another_process_finds_its_rules_there() -> None:
    contracts = load_contracts()
    form = contracts.forms["1-M"]
    sent = pickle.loads(pickle.dumps(form))  # noqa: S301
    assert sent is not form
    assert contracts.rules_for(sent) == contracts.rules_for(form)


def test_the_content_hash_follows_the_bytes_of_the_contracts(tmp_path: Path) -> None:
    copy = tmp_path / "contracts"
    shutil.copytree(CONTRACTS_DIR, copy)
    before = load_contracts(copy).content_hash
    assert before == load_contracts().content_hash
    edit(copy / "forms" / "1-M" / "form.yml", "# Seen for 2022", "# Seen in 2022")
    load_contracts.cache_clear()
    assert load_contracts(copy).content_hash != before


def test_the_words_of_pages_change_no_content_hash(tmp_path: Path) -> None:
    copy = tmp_path / "contracts"
    shutil.copytree(CONTRACTS_DIR, copy)
    edit(copy / "texts" / "portal.yml", "Sign in", "Log in")
    edit(copy / "texts" / "errors.yml", "Setting {variable}", "The setting {variable}")
    assert load_contracts(copy).content_hash == load_contracts().content_hash
