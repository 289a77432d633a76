"""Every night: copy the ledger, remove old releases and builds, tell of stray files and space."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.common import DEFAULTS, WRITER_POOL, services, settings

log = logging.getLogger(__name__)


@task
def set_lineage_aside() -> list[str]:
    """Begin a new file of lineage events, remove the oldest; gives the names of those kept."""
    from mvd.retention import set_aside

    kept = set_aside(settings().paths.lineage, keep=30)
    return [path.name for path in kept]


@dag(
    schedule=CronTriggerTimetable("30 21 * * *", timezone="UTC", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dagrun_timeout=timedelta(hours=2),
    tags=["upkeep"],
    doc_md=__doc__,
)
def upkeep() -> None:
    """Independent tasks: one that fails does not keep the others back."""

    @task
    def back_up_ledger() -> str:
        """Copy the ledger, remove the oldest copies; gives the path of the copy."""
        from warehouse.upkeep.backup import back_up, prune_backups

        here = settings()
        copy = back_up(here)
        removed = prune_backups(here.paths, keep=here.keep_backups)
        log.info("ledger copied to %s, removed %s", copy, [path.name for path in removed])
        return str(copy)

    @task(pool=WRITER_POOL)
    def prune_releases() -> list[str]:
        """Remove old releases that nothing protects; gives their ids."""
        from warehouse.ledger.tags import tags
        from warehouse.releases.pruning import prune

        here = settings()
        with services() as opened:
            protected = {tag.release_id for tag in tags(opened.ledger)}
        removed = prune(here.paths, keep=here.keep_releases, protected=protected)
        log.info("releases removed: %s", removed)
        return removed

    @task(pool=WRITER_POOL)
    def clear_builds() -> list[str]:
        """Remove what killed builds left, with all they spilled to disk."""
        from mvd.build.attempts import alone, remove_leftovers

        with services() as opened, alone(opened.home):
            removed = remove_leftovers(opened)
        log.info("builds removed: %s", removed)
        return removed

    @task
    def report_orphans() -> int:
        """Files that nothing refers to; gives their number. Nothing is removed."""
        from mvd.notices import send
        from warehouse.upkeep.orphans import find_orphans

        with services() as opened:
            found = find_orphans(opened.home, opened.ledger)
        number = len(found.originals) + len(found.cells)
        if number:
            send(settings(), "orphans_found", asdict(found))
        return number

    @task
    def examine() -> list[str]:
        """What `mvd doctor` would complain about; gives the names of failed checks."""
        from mvd.doctor import examine as look
        from mvd.notices import send

        failed = [check for check in look(settings()) if not check.is_passed]
        if failed:
            send(settings(), "installation_unhealthy", {"checks": [asdict(c) for c in failed]})
        return [check.name for check in failed]

    back_up_ledger()
    prune_releases()
    clear_builds()
    set_lineage_aside()
    report_orphans()
    examine()


upkeep()
