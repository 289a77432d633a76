from tests.unit.warehouse.builds import submit
from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger
from warehouse.storage import originals
from warehouse.upkeep.orphans import find_orphans


def kept(home: Home, content: bytes) -> originals.StoredFile:
    return originals.store(home, content, max_bytes=1000)


def test_files_of_submissions_are_no_orphans(home: Home, ledger: Ledger) -> None:
    stored = kept(home, b"known")
    submit(home, ledger)
    ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato="150000000",
            period="2025-06",
            file_name="1-M.xlsx",
            file_sha256=stored.sha256,
            file_size=stored.size,
        ),
    )
    found = find_orphans(home, ledger, older_than_seconds=-1)
    assert (found.originals, found.cells, found.size) == ((), (), 0)


def test_bytes_and_cells_without_an_entry_are_named_with_their_size(
    home: Home, ledger: Ledger
) -> None:
    submit(home, ledger)
    stored = kept(home, b"unknown")
    stray = home.lake / "form=1-M" / "period=2025-06" / "stray.parquet"
    stray.write_bytes(b"cells")
    found = find_orphans(home, ledger, older_than_seconds=-1)
    assert found.originals == (stored.path.relative_to(home.root).as_posix(),)
    assert found.cells == ("lake/form=1-M/period=2025-06/stray.parquet",)
    assert found.size == len(b"unknown") + len(b"cells")


def test_a_file_that_has_just_been_written_is_left_alone(home: Home, ledger: Ledger) -> None:
    kept(home, b"on its way")
    assert find_orphans(home, ledger, older_than_seconds=60).originals == ()


def test_an_empty_home_has_none(home: Home, ledger: Ledger) -> None:
    assert find_orphans(home, ledger).size == 0
