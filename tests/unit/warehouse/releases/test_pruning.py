from pathlib import Path

import pytest

from tests.unit.warehouse.builds import build, submit
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import catalogue, pruning, publication


@pytest.fixture
def published(home: Home, ledger: Ledger) -> list[str]:
    """Five releases, the last one in force."""
    submit(home, ledger)
    settings = Settings(home=home.root)
    return [
        publication.publish(home, ledger, build(home, ledger, mark), settings).release_id
        for mark in range(5)
    ]


def test_the_newest_stay_and_the_oldest_go(home: Home, published: list[str]) -> None:
    assert pruning.prune(home, keep=2) == published[:3]
    assert catalogue.list_releases(home) == published[3:]
    assert catalogue.current(home) == published[-1]


def test_protected_releases_stay(home: Home, published: list[str]) -> None:
    assert pruning.prune(home, keep=1, protected={published[1]}) == [
        published[0],
        published[2],
        published[3],
    ]
    assert catalogue.list_releases(home) == [published[1], published[4]]


def test_the_manifest_of_a_pruned_release_can_still_be_read(
    home: Home, published: list[str]
) -> None:
    before = catalogue.read_manifest(home, published[0])
    pruning.prune(home, keep=1)
    assert catalogue.read_manifest(home, published[0]) == before
    with pytest.raises(UserError, match="RELEASE_UNKNOWN"):
        catalogue.database(home, published[0])


def test_manifests_of_pruned_releases_outlive_the_next_publication(
    home: Home, ledger: Ledger, published: list[str]
) -> None:
    pruning.prune(home, keep=1)
    publication.publish(home, ledger, build(home, ledger, 9), Settings(home=home.root))
    assert catalogue.read_manifest(home, published[0]).release_id == published[0]


def test_pruning_again_changes_nothing(home: Home, published: list[str]) -> None:
    pruning.prune(home, keep=3)
    assert pruning.prune(home, keep=3) == []
    assert len(catalogue.list_releases(home)) == 3


def test_a_release_whose_removal_was_cut_short_is_gone_after_the_next_pruning(
    home: Home, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.releases.catalogue.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            pruning.prune(home, keep=4)
    pruning.prune(home, keep=4)
    assert [p.name for p in home.releases.iterdir() if p.name.startswith(".staging-")] == []
    assert catalogue.read_manifest(home, published[0]).release_id == published[0]


def test_nothing_to_keep_is_refused(home: Home, published: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        pruning.prune(home, keep=0)
    assert catalogue.list_releases(home) == published
