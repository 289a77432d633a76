"""A table of another version of its form is refused, and the version expected is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.documents.template import write_template
from ingestion.request import Services
from tests.tools.form_versions import Edits, NewVersion, copied_contracts
from tests.unit.ingestion.table_workbooks import DISTRICTS, KYZYLORDA, Cell, Counter, only, xlsx
from warehouse.contracts import Contracts, load_contracts
from warehouse.core.settings import Settings

FORM = "DV-M"


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    """A column is inserted after the first one of DV-M from 2026."""
    root = copied_contracts(tmp_path_factory.mktemp("contracts") / "c", with_rules=False)
    version = NewVersion(root, FORM, "2", "2026-01", "2025-12").begin()
    old = [column.number for column in load_contracts().forms[FORM].sections[0].columns]
    edits = Edits.of(old)
    edits.insert_after(1)
    version.columns(edits.done(old))
    version.declare()
    return load_contracts(root)


@pytest.fixture
def counter(contracts: Contracts, tmp_path: Path) -> Iterator[Counter]:
    services = Services.open(Settings(home=tmp_path / "home"), contracts)
    yield Counter(services)
    services.ledger.close()


def table(contracts: Contracts, period: str) -> bytes:
    """A table of a department under the names that the form of `period` gives the columns."""
    columns = contracts.form(FORM, period).sections[0].columns
    header: list[Cell] = ["Район", *(column.name.ru for column in columns)]
    figures: list[Cell] = [3.0] * len(columns)
    return xlsx([header, *[[name, *figures] for name in DISTRICTS]])


@pytest.mark.parametrize("period", ["2026-02", "2025-11"])
def test_a_table_of_the_version_in_force_is_taken(counter: Counter, period: str) -> None:
    contracts = counter.services.contracts
    result = counter.submit(table(contracts, period), period=period, form=FORM)
    assert [f.code for f in result.findings if f.severity == "error"] == []


@pytest.mark.parametrize(
    ("period", "other", "found", "expected"),
    [("2026-02", "2025-12", "1", "2"), ("2025-11", "2026-01", "2", "1")],
    ids=["the old columns for a new month", "the new columns for an old month"],
)
def test_a_table_of_the_other_version_is_refused_by_name(
    counter: Counter, period: str, other: str, found: str, expected: str
) -> None:
    content = table(counter.services.contracts, other)
    result = counter.submit(content, period=period, form=FORM)
    finding = only(result, "FORM_VERSION_OTHER")
    assert (finding.found, finding.expected, finding.severity) == (found, expected, "error")
    assert not result.verdict.is_accepted


def test_a_template_from_before_the_new_version_is_refused(counter: Counter) -> None:
    before = load_contracts()
    content = write_template(before, form=FORM, territory=KYZYLORDA, period="2026-05")
    result = counter.submit(content, period="2026-05")
    finding = only(result, "FORM_VERSION_OTHER")
    assert (finding.found, finding.expected) == ("1", "2")
    assert [f.code for f in result.findings if f.severity == "error"] == ["FORM_VERSION_OTHER"]


def test_a_table_that_fits_no_version_is_told_by_its_columns(counter: Counter) -> None:
    contracts = counter.services.contracts
    columns = contracts.form(FORM, "2025-12").sections[0].columns
    header: list[Cell] = ["Район", columns[0].name.ru, "Невиданное число"]
    rows: list[list[Cell]] = [[name, 3.0, 4.0] for name in DISTRICTS]
    result = counter.submit(xlsx([header, *rows]), period="2026-02", form=FORM)
    assert "FORM_VERSION_OTHER" not in {f.code for f in result.findings}
