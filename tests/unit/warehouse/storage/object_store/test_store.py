"""Originals, lake and releases in a real object store, used over HTTP as in production."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion.intake import batch
from ingestion.intake.submit import submit as submitted
from ingestion.request import Request, Services
from mvd import doctor
from tests.tools.object_store import KEY, MISSING_BUCKET, SECRET, ObjectStore
from tests.unit.warehouse.builds import build, submit
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.core.store_address import StoreAddress
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import Ledger
from warehouse.query import reader
from warehouse.releases import catalogue, pruning, publication, verification
from warehouse.storage import lake, mirror, originals
from warehouse.storage.store import Store
from warehouse.upkeep import sync
from warehouse.upkeep.backup import _compare
from warehouse.upkeep.orphans import find_orphans

WORKBOOK = b"a workbook"
SHA256 = hashlib.sha256(WORKBOOK).hexdigest()


def release(home: Home, ledger: Ledger, settings: Settings, mark: int) -> str:
    return publication.publish(home, ledger, build(home, ledger, mark), settings).release_id


def mark(home: Home, release_id: str | None = None) -> int:
    answer = reader.query(home, "SELECT DISTINCT mark FROM marts.fct_crimes", release=release_id)
    return int(answer.column("mark")[0].as_py())


def damage(store: Store, key: str, folder: Path) -> None:
    """As a broken disk below the server would: the object is there and is not what it was."""
    (folder / "damaged").write_bytes(b"something else")
    store.upload(key, folder / "damaged")


# The store itself


def test_an_object_is_created_once_and_never_replaced(store: Store) -> None:
    assert store.create("a/b", b"first")
    assert not store.create("a/b", b"second")
    assert store.read("a/b") == b"first"
    assert store.sha256("a/b") == hashlib.sha256(b"first").hexdigest()


def test_what_is_not_there_is_no_error(store: Store, tmp_path: Path) -> None:
    assert store.read("a/b") is None
    assert store.sha256("a/b") is None
    assert not store.download("a/b", tmp_path / "b")
    assert list(store.entries("a")) == []
    store.delete(["a/b"])


def test_a_large_file_goes_there_and_back(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096 * 12
    (tmp_path / "there").write_bytes(content)
    store.upload("large", tmp_path / "there")
    sha256 = hashlib.sha256(content).hexdigest()
    assert store.download("large", tmp_path / "new" / "back", sha256)
    assert (tmp_path / "new" / "back").read_bytes() == content
    assert [(entry.key, entry.size) for entry in store.entries("")] == [("large", len(content))]


def test_a_damaged_object_is_named_and_not_copied(store: Store, tmp_path: Path) -> None:
    store.create("a/b", b"damaged")
    with pytest.raises(UserError, match="STORE_DAMAGED") as told:
        store.download("a/b", tmp_path / "b", SHA256)
    assert told.value.params["key"] == "a/b"
    assert list(tmp_path.iterdir()) == []


def test_listing_goes_beyond_one_page_and_stays_in_its_folder(store: Store) -> None:
    names = [f"many/{number:04d}" for number in range(1003)]
    for name in (*names, "many-others/1"):
        store.create(name, b"")
    assert [entry.key for entry in store.entries("many")] == names


@pytest.mark.parametrize(
    ("change", "code", "hint"),
    [
        ({"store_secret": "another"}, "STORE_REFUSED", "MVD_STORE_SECRET"),
        ({"store_key": "nobody"}, "STORE_REFUSED", "MVD_STORE_KEY"),
        ({"store_url": "s3://figures/p?endpoint=http://127.0.0.1:9"}, "STORE_FAILED", "mvd doctor"),
    ],
)
def test_what_is_wrong_with_the_store_is_told_with_what_to_do(
    settings: Settings, change: dict[str, str], code: str, hint: str
) -> None:
    broken = Settings(**{**settings.model_dump(), **change}).paths
    for use in (
        lambda: originals.store(broken, WORKBOOK, max_bytes=100),
        lambda: originals.find(broken, SHA256),
        lambda: catalogue.catch_up(broken),
    ):
        with pytest.raises(UserError, match=code) as told:
            use()
        for language in LANGUAGES:
            text = told.value.text(language)
            assert hint in text
            assert SECRET not in text
    assert not originals.original_path(broken, SHA256).exists()


def test_a_bucket_that_is_not_there_is_named(store_server: ObjectStore) -> None:
    url = store_server.url("p", bucket=MISSING_BUCKET)
    store = Store(StoreAddress.parse(url, key=KEY, secret=SECRET))
    # This server answers a write with "access denied": some keys may create buckets by writing.
    for use in (lambda: store.read("a"), lambda: list(store.entries("a"))):
        with pytest.raises(UserError, match="STORE_BUCKET_MISSING") as told:
            use()
        assert MISSING_BUCKET in told.value.text("kk")


# Originals and cells


def test_the_bytes_of_a_department_are_in_the_store_before_anything_else(
    home: Home, elsewhere: Home
) -> None:
    stored = originals.store(home, WORKBOOK, max_bytes=100)
    assert stored.path.read_bytes() == WORKBOOK
    assert originals.find(elsewhere, SHA256).path.read_bytes() == WORKBOOK
    assert originals.store(elsewhere, WORKBOOK, max_bytes=100).size == len(WORKBOOK)


def test_what_the_store_does_not_take_is_not_kept_here_either(
    settings: Settings, home: Home
) -> None:
    broken = Settings(**{**settings.model_dump(), "store_secret": "another"}).paths
    with pytest.raises(UserError, match="STORE_REFUSED"):
        originals.store(broken, WORKBOOK, max_bytes=100)
    with pytest.raises(UserError, match="ORIGINAL_UNKNOWN"):
        originals.find(home, SHA256)


def test_a_damaged_original_is_never_taken_for_the_bytes_that_were_sent(
    home: Home, elsewhere: Home, store: Store, tmp_path: Path
) -> None:
    stored = originals.store(home, WORKBOOK, max_bytes=100)
    damage(store, mirror.key_of(home, stored.path), tmp_path)
    uses: list[Callable[[], object]] = [
        lambda: originals.find(elsewhere, SHA256),
        lambda: originals.store(elsewhere, WORKBOOK, max_bytes=100),
    ]
    for use in uses:
        with pytest.raises(UserError, match="STORE_DAMAGED"):
            use()
    assert not originals.original_path(elsewhere, SHA256).exists()


def test_a_report_is_read_again_on_a_machine_that_never_saw_it(
    settings: Settings, elsewhere: Home
) -> None:
    here = Services.open(settings)
    told = submitted(here, Request(WORKBOOK, "", "2025-06", "430000000", "1-M"))
    again = batch.replay(replace(here, home=elsewhere), workers=0)
    here.ledger.close()
    assert [(r.submission_id, r.sha256) for r in again] == [(told.submission_id, SHA256)]
    assert originals.original_path(elsewhere, SHA256).read_bytes() == WORKBOOK


def test_cells_read_anew_elsewhere_do_not_replace_those_that_a_release_refers_to(
    home: Home, elsewhere: Home, ledger: Ledger
) -> None:
    number = submit(home, ledger)
    (submission,) = ledger.submissions()
    again = {"section": ["R1"], "line": [1], "column_number": [1], "value": [2.0]}
    other = lake.write_cells(elsewhere, submission, pa.table(again))
    assert other.relative.endswith(f"{number}-{other.sha256[:8]}.parquet")
    first = lake.read_cells(elsewhere, submission.cells_path or "", submission.cells_sha256)
    assert first["value"].to_pylist() == [1.0]
    assert lake.read_cells(home, other.relative, other.sha256)["value"].to_pylist() == [2.0]


# Releases


def test_a_release_is_seen_on_another_machine_as_soon_as_that_looks(
    home: Home, elsewhere: Home, ledger: Ledger, settings: Settings
) -> None:
    submit(home, ledger)
    release(home, ledger, settings, mark=1)
    assert mark(elsewhere) == 1
    release(home, ledger, settings, mark=2)
    assert mark(elsewhere) == 1
    assert catalogue.catch_up(elsewhere) == "r000002"
    assert (mark(elsewhere), mark(elsewhere, "r000001")) == (2, 1)
    assert catalogue.list_releases(elsewhere) == ["r000001", "r000002"]
    assert verification.verify(elsewhere, "r000002", settings, ledger) == []


def test_earlier_releases_are_known_at_once_and_copied_when_asked_for(
    home: Home, elsewhere: Home, ledger: Ledger, settings: Settings
) -> None:
    for number in (1, 2, 3):
        release(home, ledger, settings, mark=number)
    catalogue.catch_up(elsewhere)
    assert [path.name for path in elsewhere.releases.glob("r*")] == ["r000003"]
    assert catalogue.read_manifest(elsewhere, "r000001") == catalogue.read_manifest(home, "r000001")
    assert mark(elsewhere, "r000001") == 1
    with pytest.raises(UserError, match="RELEASE_UNKNOWN"):
        catalogue.directory(elsewhere, "r000004")


def test_two_machines_publish_one_after_the_other(
    home: Home, elsewhere: Home, ledger: Ledger, settings: Settings
) -> None:
    release(home, ledger, settings, mark=1)
    slow = build(home, ledger, mark=2)
    assert release(elsewhere, ledger, settings, mark=3) == "r000003"
    with pytest.raises(UserError, match="RELEASE_OUTDATED"):
        publication.publish(home, ledger, slow, settings)
    assert (mark(home), mark(elsewhere)) == (3, 3)
    assert release(home, ledger, settings, mark=4) == "r000004"


class Killed(BaseException):
    """What a killed process does next: nothing."""


@pytest.mark.parametrize("fatal", ["releases/r000002/manifest.json", "published/r000002.json"])
def test_a_publisher_killed_while_copying_has_published_nothing(
    home: Home,
    elsewhere: Home,
    ledger: Ledger,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    fatal: str,
) -> None:
    release(home, ledger, settings, mark=1)

    def dying(name: str) -> None:
        plain = getattr(Store, name)

        def act(self: Store, key: str, given: object) -> object:
            if key == fatal:
                raise Killed
            return plain(self, key, given)

        monkeypatch.setattr(Store, name, act)

    with monkeypatch.context():
        dying("upload")
        dying("create")
        with pytest.raises(Killed):
            release(home, ledger, settings, mark=2)
        monkeypatch.undo()
    assert (mark(home), mark(elsewhere)) == (1, 1)
    assert release(home, ledger, settings, mark=3) == "r000003"
    assert catalogue.list_releases(home) == ["r000001", "r000003"]
    assert catalogue.catch_up(elsewhere) == "r000003"


def test_a_publisher_killed_after_the_store_was_told_has_published(
    home: Home, ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(publication, "point_to", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            release(home, ledger, settings, mark=1)
    assert catalogue.current(home) is None
    assert release(home, ledger, settings, mark=2) == "r000002"
    assert mark(home, "r000001") == 1
    states = {record.release_id: record.state for record in ledger.releases()}
    assert states == {"r000001": "published", "r000002": "published"}


def test_another_installation_in_the_same_place_is_refused_and_harms_nothing(
    home: Home, ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    release(home, ledger, settings, mark=1)
    stranger = Home(tmp_path / "stranger", home.store)
    with Ledger(f"sqlite:///{tmp_path / 'stranger.sqlite'}") as other:
        submit(stranger, other, value=9.0)
        # Its own first release has the number of the one that is there.
        with pytest.raises(UserError, match="STORE_TAKEN"):
            release(stranger, other, settings, mark=9)
        assert [record.state for record in other.releases()] == ["building"]
    assert mark(Home(tmp_path / "reader", home.store)) == 1


def test_damage_in_the_store_is_found_by_verify_and_never_copied(
    home: Home, elsewhere: Home, ledger: Ledger, settings: Settings, store: Store, tmp_path: Path
) -> None:
    submit(home, ledger)
    release(home, ledger, settings, mark=1)
    key = "releases/r000001/parquet/fct_crimes.parquet"
    damage(store, key, tmp_path)
    assert [each.name for each in verification.verify(home, "r000001", settings, ledger)] == [key]
    with pytest.raises(UserError, match="STORE_DAMAGED"):
        catalogue.directory(elsewhere)
    assert catalogue.current(elsewhere) is None


def test_lost_cells_are_found_by_verify_although_a_copy_is_here(
    home: Home, ledger: Ledger, settings: Settings, store: Store
) -> None:
    submit(home, ledger)
    release(home, ledger, settings, mark=1)
    (cells,) = store.entries("lake")
    store.delete([cells.key])
    (found,) = verification.verify(home, "r000001", settings, ledger)
    assert (f"lake/{found.name}", found.found) == (cells.key, None)


def test_a_pruned_release_leaves_its_manifest_everywhere(
    home: Home, elsewhere: Home, ledger: Ledger, settings: Settings, store: Store
) -> None:
    for number in (1, 2, 3):
        release(home, ledger, settings, mark=number)
    assert mark(elsewhere, "r000001") == 1
    assert pruning.prune(home, keep=1) == ["r000001", "r000002"]
    catalogue.catch_up(elsewhere)
    for each in (home, elsewhere):
        assert catalogue.list_releases(each) == ["r000003"]
        assert catalogue.list_pruned(each) == ["r000001", "r000002"]
        assert catalogue.read_manifest(each, "r000002").release_id == "r000002"
    assert {entry.key.split("/")[1] for entry in store.entries("releases")} == {"r000003"}


# Moving in and out, and looking after it


def test_an_installation_moves_into_the_store_and_out_again(
    home: Home, ledger: Ledger, settings: Settings, store: Store, tmp_path: Path
) -> None:
    alone = Home(home.root)
    originals.store(alone, hashlib.sha256(b"4300000001.0").digest(), max_bytes=100)
    submit(alone, ledger)
    for number in (1, 2):
        publication.publish(alone, ledger, build(alone, ledger, number), settings)
    moved = sync.push(home, store)
    assert (moved.files, moved.releases) == (2, 2)
    assert sync.push(home, store) == sync.Moved(0, 0)

    back = Home(tmp_path / "back", home.store)
    pulled = sync.pull(back, ledger)
    original = mirror.key_of(
        back, originals.original_path(back, ledger.submissions()[0].file_sha256)
    )
    assert (pulled.files, pulled.releases, pulled.lost) == (1, 1, (original,))
    left = Home(back.root)
    assert verification.verify(left, "r000001", settings, ledger) == []
    assert verification.verify(left, "r000002", settings, ledger) == []


def test_a_restored_ledger_and_the_search_for_orphans_ask_the_store(
    home: Home, ledger: Ledger, settings: Settings
) -> None:
    originals.store(home, WORKBOOK, max_bytes=100)
    submit(home, ledger)
    shutil.rmtree(home.root)
    assert _compare(settings, None).missing_cells == ()
    assert len(_compare(settings, None).missing_originals) == 1
    found = find_orphans(home, ledger, older_than_seconds=-5)
    assert found.originals == (f"originals/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}",)
    assert found.cells == ()


def test_the_doctor_looks_at_the_store_and_leaves_nothing_there(
    settings: Settings, store: Store
) -> None:
    checks = {check.name: check for check in doctor.examine(settings)}
    assert checks["store"].is_passed
    assert settings.store_url.partition("?")[0] in checks["store"].detail
    assert list(store.entries("doctor")) == []

    broken = Settings(**{**settings.model_dump(), "store_secret": "another", "language": "en"})
    check = {check.name: check for check in doctor.examine(broken)}["store"]
    assert not check.is_passed
    assert "MVD_STORE_SECRET" in check.detail
    assert "another" not in json.dumps([check.detail])
