"""Attempts at a build: one at a time, what a failed one leaves in the ledger and on disk."""

from __future__ import annotations

import fcntl
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from warehouse.core.clock import utc_now
from warehouse.core.durable import make_directories
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.texts import Language
from warehouse.releases import catalogue

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.build.transform import TransformResult
    from warehouse.ledger import ReleaseRecord

_ABANDONED_AFTER_SECONDS = 3600
_log = logging.getLogger(__name__)
_KILLED = "its process ended without a word"


class BuildFailedError(Exception):
    """The machine or the program failed a build; nothing is said about the data.

    The ledger knows of it and readers notice nothing. Trying again may well succeed.
    """

    def __init__(self, release_id: str, problem: str, cause: UserError | None = None) -> None:
        super().__init__(f"release {release_id} failed, the data are not at fault: {problem}")
        self.release_id = release_id
        self.problem = problem
        self._cause = cause

    def problem_in(self, language: Language) -> str:
        """What failed, in the language of the user as far as it is known there."""
        return self._cause.text(language) if self._cause else self.problem


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One builder at a time; a second one waits. The lock goes with its process."""
    make_directories(home.builds)
    with (home.builds / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def attempt(services: Services, release_id: str) -> Iterator[None]:
    """A step of a build, or several, of a build that may have failed before.

    Whatever ends it with an exception has failed the build: it is noted, and raised as
    BuildFailedError; an interruption or the time limit of a task goes on as it is. UserError
    BUILD_INCOMPLETE when what the build began with has been cleared away.
    """
    home = services.home
    if release_id not in catalogue.list_releases(home):
        if not (home.builds / release_id).is_dir():
            problem = f"{home.builds.name}/{release_id}: -"
            raise UserError("BUILD_INCOMPLETE", build=release_id, problem=problem)
        services.ledger.record_release(release_id, state="building")
    with noting_failure(services, release_id):
        yield


@contextmanager
def noting_failure(services: Services, release_id: str) -> Iterator[None]:
    """Whatever ends this with an exception has failed the build, as `attempt` says."""
    try:
        yield
    except BuildFailedError as error:
        _fail(services, release_id, error.problem)
        raise
    except UserError as error:
        _fail(services, release_id, error.text("en"))
        raise BuildFailedError(release_id, error.text("en"), error) from error
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        _fail(services, release_id, problem)
        raise BuildFailedError(release_id, problem) from error
    except BaseException as error:
        _fail(services, release_id, f"{type(error).__name__}: {error}")
        raise


def _fail(services: Services, release_id: str, problem: str) -> None:
    """Note that a build failed. Never raises itself.

    What broke the build may keep the ledger from being written, too; then the build stays
    `building` until `remove_leftovers` finds it.
    """
    _log.error("release %s failed: %s", release_id, problem, exc_info=True)
    try:
        if release_id not in catalogue.list_releases(services.home):
            services.ledger.record_release(release_id, state="failed", problem=problem)
    except (OSError, SQLAlchemyError):
        _log.exception("the ledger could not be told that release %s failed", release_id)


def check_models(release_id: str, built: TransformResult) -> list[str]:
    """Why models and tests refuse the data, one sentence each; none when they passed.

    BuildFailedError when it was not the data: to be called within `attempt`.
    """
    if built.is_successful or built.is_refused:
        return built.in_words()
    raise BuildFailedError(release_id, "; ".join(built.in_words()))


def refuse(services: Services, release_id: str, reasons: Sequence[str]) -> None:
    """Note that tests, contracts or the gate refuse the data; the directory stays until the next
    build."""
    services.ledger.record_release(release_id, state="refused", problem="; ".join(reasons))


def remove_leftovers(services: Services) -> list[str]:
    """Remove the directories of builds that ended, or that nobody has touched for an hour.

    Gives their names. What a killed build spilled to disk lies inside them; what a killed query
    did is removed too. The ledger learns what became of builds that were killed.
    """
    home = services.home
    catalogue.complete_ledger(home, services.ledger)
    building = set()
    for record in services.ledger.releases("building"):
        if _is_killed(home, record):
            services.ledger.record_release(record.release_id, state="failed", problem=_KILLED)
        else:
            building.add(record.release_id)
    removed = []
    for path in (*home.builds.iterdir(), *home.spill.glob("*")):
        in_use = (
            path.name in building or path.name.startswith("rebuild-") or path.parent == home.spill
        )
        if path.is_dir() and (not in_use or _is_abandoned(path)):
            shutil.rmtree(path)
            removed.append(path.name)
    return sorted(removed)


def _is_killed(home: Home, record: ReleaseRecord) -> bool:
    path = home.builds / record.release_id
    if path.is_dir():
        return _is_abandoned(path)
    return (utc_now() - record.created_at).total_seconds() > _ABANDONED_AFTER_SECONDS


def _is_abandoned(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS
