import csv
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ingestion.intake.batch import ingest, replay, run
from ingestion.intake.file_list import listed
from ingestion.request import Request, Services
from tests.shared_data import official_forms
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, Desk, codes, sng_workbook
from warehouse.core.errors import UserError
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import Ledger, Verdict
from warehouse.storage import lake
from warehouse.storage.originals import store

pytestmark = pytest.mark.slow


def folder_of(tmp_path: Path, **files: bytes) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    return folder


def test_the_same_bytes_twice_change_nothing_and_say_so(desk: Desk) -> None:
    content = sng_workbook(R1_1_1=5)
    first, again = desk.send(content), desk.send(content)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.submission_id == first.submission_id
    assert again.verdict is first.verdict
    assert codes(again) == ["SUBMISSION_REPEATED"]
    assert len(desk.services.ledger.judgements(str(first.submission_id))) == 1
    assert len(desk.cell_files()) == 1


def test_a_corrected_file_supersedes_and_both_remain(desk: Desk) -> None:
    first = desk.send(sng_workbook(R1_1_1=5))
    second = desk.send(sng_workbook(R1_1_1=6))
    assert second.replaces == first.submission_id
    assert len(desk.cell_files()) == 2
    (in_force,) = desk.services.ledger.submissions(in_force=True)
    assert in_force.submission_id == second.submission_id


def test_an_earlier_version_sent_again_stays_replaced_and_that_is_said(desk: Desk) -> None:
    earlier, later = sng_workbook(R1_1_1=5), sng_workbook(R1_1_1=6)
    desk.send(earlier)
    current = desk.send(later)
    again = desk.send(earlier)
    assert (again.is_new, codes(again)) == (False, ["SUBMISSION_REPEATED_REPLACED"])
    assert dict(again.findings[0].params)["current"] == current.submission_id
    (in_force,) = desk.services.ledger.submissions(in_force=True)
    assert in_force.submission_id == current.submission_id


def test_a_rejected_correction_leaves_the_earlier_version_in_force(desk: Desk) -> None:
    first = desk.send(sng_workbook(R1_1_1=5))
    assert desk.send(sng_workbook(R1_1_1=-5)).verdict is Verdict.REJECTED
    (in_force,) = desk.services.ledger.submissions(in_force=True)
    assert in_force.submission_id == first.submission_id
    assert len(desk.cell_files()) == 1


def test_the_receipt_says_what_was_received(desk: Desk) -> None:
    import hashlib

    content = sng_workbook()
    result = desk.send(content, by="clerk@kyzylorda")
    assert result.receipt["sha256"] == hashlib.sha256(content).hexdigest()
    assert result.receipt["received_at"] == "2023-01-10T06:00:00+00:00"
    assert result.receipt["verdict"] == "accepted"
    told = result.to_json(desk.services.contracts, "kk")
    assert told["submission_id"] == result.submission_id
    assert told["findings"] == []


def test_findings_are_told_in_each_language(desk: Desk) -> None:
    result = desk.send(sng_workbook(R1_2_1=-1))
    texts = {
        language: result.to_json(desk.services.contracts, language)["findings"][0]["text"]
        for language in LANGUAGES
    }
    assert "меньше допустимого" in texts["ru"]
    assert "ұяшығы" in texts["kk"]
    assert "below the least allowed" in texts["en"]


def test_an_unknown_territory_is_wrong_use_and_keeps_nothing(desk: Desk) -> None:
    with pytest.raises(UserError, match="TERRITORY_CODE_UNKNOWN"):
        desk.send(sng_workbook(), territory="999999999")
    assert not desk.services.home.originals.exists()


def test_a_rejected_file_is_judged_again_when_its_rule_is_gone(
    services: Services, desk: Desk, tmp_path: Path
) -> None:
    import shutil
    from dataclasses import replace

    from warehouse.contracts import load_contracts

    rejected = desk.send(sng_workbook(R2_1_1=-1))
    assert rejected.verdict is Verdict.REJECTED
    (unchanged,) = replay(services, workers=0)
    assert unchanged.verdict is Verdict.REJECTED
    assert len(services.ledger.judgements(str(rejected.submission_id))) == 1

    root = shutil.copytree(services.contracts.root, tmp_path / "contracts")
    section = root / "forms/SNG-1/sections/R2.yml"
    text = section.read_text(encoding="utf-8")
    assert "minimum: 0" in text
    section.write_text(text.replace("minimum: 0", "minimum: -10"), encoding="utf-8")
    lenient = replace(services, contracts=load_contracts(root))
    (accepted,) = replay(lenient, workers=0)
    assert accepted.submission_id == rejected.submission_id
    assert accepted.is_accepted
    assert len(services.ledger.judgements(str(rejected.submission_id))) == 2
    assert len(desk.cell_files()) == 1


def test_a_manifest_names_territory_period_and_form_in_any_order(
    services: Services, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, a=sng_workbook())
    manifest = tmp_path / "list.csv"
    manifest.write_text(f"period,form,file,territory\n2022-11,SNG-1,a.xlsx,{KYZYLORDA}\n")
    (result,) = ingest(services, listed(folder, services.contracts, manifest=manifest), workers=0)
    assert (result.period, result.territory, result.form) == ("2022-11", KYZYLORDA, "SNG-1")
    assert result.is_accepted


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["b.xlsx", KYZYLORDA, PERIOD, ""], "MANIFEST_FILE_MISSING"),
        (["../a.xlsx", KYZYLORDA, PERIOD, ""], "MANIFEST_FILE_MISSING"),
        (["a.xlsx", "43", PERIOD, ""], "MANIFEST_TERRITORY_UNKNOWN"),
        (["a.xlsx", KYZYLORDA, "декабрь", ""], "MANIFEST_PERIOD_INVALID"),
        (["a.xlsx", KYZYLORDA, "", ""], "MANIFEST_PERIOD_INVALID"),
        (["a.xlsx", KYZYLORDA, PERIOD, "9-Z"], "MANIFEST_FORM_UNKNOWN"),
    ],
)
def test_a_fault_in_the_manifest_names_its_line_and_nothing_is_taken_in(
    services: Services, tmp_path: Path, row: list[str], code: str
) -> None:
    folder = folder_of(tmp_path, a=sng_workbook())
    manifest = tmp_path / "list.csv"
    with manifest.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["file", "territory", "period", "form"], ["a.xlsx", KYZYLORDA, PERIOD, ""], row]
        )
    with pytest.raises(UserError) as caught:
        ingest(services, listed(folder, services.contracts, manifest=manifest), workers=0)
    assert (caught.value.code, caught.value.params["line"]) == (code, 3)
    assert "3" in caught.value.text("ru")
    assert services.ledger.submissions() == []


def test_a_manifest_from_excel_in_cp1251_with_semicolons_is_read(
    services: Services, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, отчёт=sng_workbook())
    manifest = tmp_path / "list.csv"
    manifest.write_bytes(
        f"file;territory;period\r\nотчёт.xlsx;{KYZYLORDA};2022-12\r\n".encode("cp1251")
    )
    (result,) = ingest(services, listed(folder, services.contracts, manifest=manifest), workers=0)
    assert result.is_accepted


def test_a_folder_needs_a_period(services: Services, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="PERIOD_MISSING"):
        ingest(services, listed(folder_of(tmp_path, a=sng_workbook()), services.contracts))


def test_lock_files_and_hidden_files_are_not_reports(services: Services, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a=sng_workbook())
    (folder / "~$a.xlsx").write_bytes(b"lock")
    (folder / ".DS_Store").write_bytes(b"x")
    assert [
        r.file_name
        for r in ingest(services, listed(folder, services.contracts, period=PERIOD), workers=0)
    ] == ["a.xlsx"]


def test_a_hostile_file_does_not_stop_the_batch(services: Services, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a=b"", b=sng_workbook(), c=b"PK broken")
    results = ingest(services, listed(folder, services.contracts, period=PERIOD), workers=2)
    assert [r.verdict for r in results] == [
        Verdict.REJECTED,
        Verdict.ACCEPTED,
        Verdict.REJECTED,
    ]


def test_workers_and_one_process_give_the_same_results(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, a=sng_workbook(R1_1_1=5), b=sng_workbook(R1_3_1=9), c=sng_workbook(R1_1_1=-2)
    )
    seen = []
    for workers in (0, 2):
        services = Services.open(Settings(home=tmp_path / f"home{workers}"))
        results = ingest(
            services, listed(folder, services.contracts, period=PERIOD), workers=workers
        )
        seen.append([(r.submission_id, r.verdict, r.findings) for r in results])
        services.ledger.close()
    assert seen[0] == seen[1]


def test_the_second_of_two_forms_is_compared_with_the_first(services: Services, desk: Desk) -> None:
    file = official_forms() / "1-M" / "Kyzylorda Region.XLSX"
    assert desk.send(file, file_name=file.name).is_accepted
    result = desk.send(sng_workbook())
    broken = [f for f in result.findings if f.code == "CROSS_FORM_RULE_BROKEN"]
    assert result.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    total = next(f for f in broken if f.cell == "E7")
    assert (total.sheet, total.line, total.column, total.found) == ("R1", 1, 1, "0")
    assert total.params["forms"] == "SNG-1, 1-M"


def test_many_submitters_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each thread is a clerk with connections of its own; two of them send the same bytes."""
    home = tmp_path / "home"
    contents = [sng_workbook(R1_1_1=n) for n in (1, 2, 3, 3)]
    Services.open(Settings(home=home)).ledger.close()

    def clerk(content: bytes) -> None:
        services = Services.open(Settings(home=home))
        run(services, [Request(content, "a.xlsx", PERIOD, territory=KYZYLORDA)], workers=0)
        services.ledger.close()

    threads = [threading.Thread(target=clerk, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger(Settings(home=home).ledger) as ledger:
        assert ledger.unfinished() == []
        assert len({s.file_sha256 for s in ledger.submissions()}) == 3
        assert all(s.verdict is Verdict.ACCEPTED for s in ledger.submissions())
        assert len(ledger.submissions(in_force=True)) == 1


_INGEST = """
import sys
from pathlib import Path
from ingestion.intake.batch import ingest
from ingestion.intake.file_list import listed
from ingestion.request import Services
from warehouse.core.settings import Settings
if __name__ == "__main__":
    services = Services.open(Settings(home=Path(sys.argv[1])))
    folder = Path(sys.argv[2])
    ingest(services, listed(folder, services.contracts, manifest=folder / "list.csv"), workers=2)
"""


def _state(home: Path) -> list[tuple[object, ...]]:
    """What readers and the ministry see: verdicts, findings and cells, by file."""
    with Ledger(Settings(home=home).ledger) as ledger:
        return sorted(
            (
                s.file_name,
                s.submission_id,
                s.state,
                s.verdict,
                s.in_force,
                s.cells_sha256,
                len(ledger.judgements(s.submission_id)),
                str(ledger.findings(s.submission_id)),
                lake.read_cells(Settings(home=home).paths, s.cells_path).num_rows
                if s.cells_path
                else 0,
            )
            for s in ledger.submissions()
        )


def test_a_run_killed_at_any_moment_is_completed_by_the_next(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    rows = ["file,period"]
    for month in range(9, 13):
        (folder / f"{month}.xlsx").write_bytes(sng_workbook(R1_1_1=month))
        rows.append(f"{month}.xlsx,2022-{month:02d}")
    (folder / "list.csv").write_text("\n".join(rows))
    script = tmp_path / "ingest.py"
    script.write_text(_INGEST)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4])}

    def start(home: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(script), str(home), str(folder)]
        return subprocess.Popen(command, env=environment)

    started = time.monotonic()
    assert start(tmp_path / "calm").wait(timeout=300) == 0
    whole = time.monotonic() - started
    calm = _state(tmp_path / "calm")
    assert len(calm) == 4

    dice = random.Random()
    for _ in range(2):
        process = start(tmp_path / "stormy")
        time.sleep(dice.uniform(0.3, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(tmp_path / "stormy").wait(timeout=300) == 0
    assert _state(tmp_path / "stormy") == calm


@pytest.mark.parametrize("step", ["stored", "registered", "written"])
def test_whatever_step_a_killed_run_had_reached_the_next_completes_it(
    services: Services, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = sng_workbook(R1_1_1=5)
    folder = folder_of(tmp_path, a=content)

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    if step == "stored":
        store(services.home, content, max_bytes=10**9)
    else:
        target = {
            "registered": "warehouse.storage.lake.write_cells",
            "written": "warehouse.ledger.Ledger.record_verdict",
        }
        with monkeypatch.context() as patch:
            patch.setattr(target[step], killed)
            with pytest.raises(Killed):
                ingest(services, listed(folder, services.contracts, period=PERIOD), workers=0)
        (left,) = services.ledger.unfinished()
        assert left.verdict is None
    (result,) = ingest(services, listed(folder, services.contracts, period=PERIOD), workers=0)
    assert result.is_accepted
    assert services.ledger.unfinished() == []
    (submission,) = services.ledger.submissions(in_force=True)
    assert submission.submission_id == result.submission_id
    assert len(services.ledger.judgements(submission.submission_id)) == 1
    assert len(list(services.home.lake.rglob("*.parquet"))) == 1
