"""A command stays within the memory limit and gives what it gives without one.

Each piece of work runs in a process of its own, which says what it needed at most beyond what it
had before the work began: Python, the libraries, the modules of the work.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.warehouse.builds import write_marts
from warehouse.core.memory import ENGINE_OF_BUILD, in_bytes, readers, share, threads_of_build
from warehouse.core.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
ROWS = 2_000_000
LIMIT, PLENTY = "128MB", "2GB"
TOLERANCE = 40 * 1024**2
"""What an allocator holds on to, and stacks of threads."""

_WORK = """
import json, shutil, sys
from pathlib import Path
import pyarrow.parquet
from tests.unit.warehouse.builds import build
from warehouse.releases import marts as release_marts, publication, verification
from warehouse.query import reader
from warehouse.ledger import Ledger
from warehouse.core.settings import Settings

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

def publish(home, settings, marts):
    with Ledger(settings.ledger) as ledger:
        draft = build(home, ledger, 1)
        shutil.copyfile(marts, draft.build_dir / release_marts.DATABASE)
        # What is loaded once, by whatever comes first, is no part of the work.
        before = peak()
        return publication.publish(home, ledger, draft, settings).content_hash, before

def verify(home, settings, marts):
    reader.query(home, "SELECT 1")
    before = peak()
    return len(verification.verify(home, "r000001", settings)), before

def ask(home, settings, marts):
    reader.query(home, "SELECT 1")
    before = peak()
    question = '''
        SELECT count(*), max(place), count(DISTINCT (text, place)), sum(place * line)
        FROM (
            SELECT line, md5(line::VARCHAR) AS text, row_number() OVER (ORDER BY text) AS place
            FROM marts.fct_crimes
        )'''
    answer = reader.query(
        home, question, memory_limit=settings.memory_limit, threads=2, timeout=600
    )
    return [str(column[0]) for column in answer.columns], before

work, root, limit, marts = sys.argv[1:]
settings = Settings(home=Path(root), memory_limit=limit, threads=2)
result, before = globals()[work](settings.paths, settings, Path(marts))
print(json.dumps({"result": result, "needed": peak() - before}))
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marts") / "warehouse.duckdb"
    write_marts(path, 1, rows=ROWS)
    return path


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {limit: tmp_path_factory.mktemp("home") for limit in (LIMIT, PLENTY)}


def run(work: str, home: Path, limit: str, marts: Path) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-c", _WORK, work, str(home), limit, str(marts)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("work", ["publish", "verify", "ask"])
def test_work_that_needs_more_than_the_limit_stays_within_it_and_gives_the_same(
    work: str, homes: dict[str, Path], marts: Path
) -> None:
    limited, free = (run(work, homes[limit], limit, marts) for limit in (LIMIT, PLENTY))
    assert limited["result"] == free["result"]
    assert limited["needed"] <= in_bytes(LIMIT) + TOLERANCE
    assert free["needed"] > 1.2 * limited["needed"], "the limit does not bind"


def test_nothing_stays_on_disk(homes: dict[str, Path]) -> None:
    for home in homes.values():
        assert [path for path in home.rglob("*") if "spill-" in path.name] == []
        assert list((home / "spill").glob("*")) == []


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2_000_000_000), ("1.5 GiB", 1_610_612_736), ("64MB", 64_000_000)]
)
def test_a_limit_is_read_as_duckdb_reads_it(text: str, size: int, tmp_path: Path) -> None:
    assert in_bytes(Settings(home=tmp_path, memory_limit=text).memory_limit) == size


def test_a_build_leaves_a_part_of_the_memory_to_the_programs_around_the_engine() -> None:
    assert share("2GB", ENGINE_OF_BUILD) == "878906KiB"


@pytest.mark.parametrize(
    ("limit", "wanted", "used"), [("2GB", 2, 2), ("2GB", 16, 3), ("8GB", 16, 13), ("512MB", 4, 1)]
)
def test_the_engine_has_no_more_threads_than_memory_for_them(
    limit: str, wanted: int, used: int
) -> None:
    assert threads_of_build(limit, wanted) == used


@pytest.mark.parametrize(("limit", "processes"), [("2GB", 3), ("4 GiB", 7), ("512MB", 1)])
def test_workbooks_are_read_by_as_many_processes_as_fit(limit: str, processes: int) -> None:
    assert readers(limit, in_bytes("500MiB")) == processes
