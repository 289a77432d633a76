"""Removing old releases; their manifests remain."""

from collections.abc import Collection

from warehouse.core.durable import make_directories
from warehouse.core.paths import Home
from warehouse.releases import object_store
from warehouse.releases.catalogue import (
    alone,
    current,
    list_releases,
    remove,
    remove_garbage,
    take_over,
)
from warehouse.storage import mirror


def prune(home: Home, *, keep: int, protected: Collection[str] = ()) -> list[str]:
    """Remove old releases; gives their ids, oldest first.

    The `keep` newest stay, and those in `protected`, and the one in force. Of the others the
    manifest remains, so that a figure that was published once can still be traced to its
    submissions. Who reads a removed release at that moment keeps the open file.
    """
    if keep < 1:
        raise ValueError("at least one release must be kept")
    make_directories(home.releases)
    with alone(home):
        take_over(home)
        remove_garbage(home)
        staying = {*list_releases(home)[-keep:], *protected, current(home)}
        leaving = [name for name in list_releases(home) if name not in staying]
        if store := mirror.store_of(home):
            object_store.withdraw(store, leaving)
        for release_id in leaving:
            remove(home, release_id)
    return leaving
