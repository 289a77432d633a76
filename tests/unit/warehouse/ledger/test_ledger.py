import hashlib
import json
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from tests.tools.processes import FORKED
from warehouse.core.errors import UserError
from warehouse.ledger import Finding, IncomingFile, Ledger, Registration, Verdict
from warehouse.ledger import schema as tables
from warehouse.ledger.tags import set_tag, tags
from warehouse.storage.lake import CellFile

T0 = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
CELLS = CellFile(Path("x.parquet"), "form=1-M/x.parquet", "c" * 64, 217_460)


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def send(
    ledger: Ledger,
    content: str,
    *,
    hours: float = 0,
    territory: str = "430000000",
    period: str = "2025-06",
    reinstate: bool = False,
    is_demonstration: bool = False,
) -> Registration:
    return ledger.register(
        IncomingFile(
            is_demonstration=is_demonstration,
            form_code="1-M",
            form_version="2019",
            territory_kato=territory,
            period=period,
            file_name=f"{content}.xlsx",
            file_sha256=sha(content),
            file_size=len(content),
            submitted_by="kyzylorda",
            received_at=T0 + timedelta(hours=hours),
        ),
        reinstate=reinstate,
    )


def accept(ledger: Ledger, submission_id: str, verdict: Verdict = Verdict.ACCEPTED) -> None:
    ledger.record_verdict(submission_id, verdict, [], CELLS, "contracts-1")


def reject(ledger: Ledger, submission_id: str) -> None:
    finding = Finding("SHEET_MISSING", "error", sheet="R1", params={"sheet": "R1"})
    ledger.record_verdict(submission_id, Verdict.REJECTED, [finding], None, "contracts-1")


def test_a_new_file_is_registered_with_all_that_was_said_about_it(ledger: Ledger) -> None:
    registration = send(ledger, "first")
    assert registration.is_new
    submission = ledger.submission(registration.submission_id)
    assert submission == registration.submission
    assert (submission.form_code, submission.territory_kato, submission.period) == (
        "1-M",
        "430000000",
        "2025-06",
    )
    assert submission.received_at == T0
    assert submission.received_at.tzinfo is UTC
    assert (submission.state, submission.verdict, submission.in_force) == ("received", None, False)


def test_the_id_is_made_from_form_territory_period_and_bytes(ledger: Ledger) -> None:
    expected = sha(f"1-M|430000000|2025-06|{sha('first')}")[:16]
    assert send(ledger, "first").submission_id == expected


def test_the_same_bytes_again_are_no_new_submission(ledger: Ledger) -> None:
    first = send(ledger, "first")
    accept(ledger, first.submission_id)
    again = send(ledger, "first", hours=1)
    assert not again.is_new
    assert again.submission_id == first.submission_id
    assert again.in_force
    assert len(ledger.submissions()) == 1


def test_the_same_bytes_for_another_territory_or_period_are_another_submission(
    ledger: Ledger,
) -> None:
    ids = {
        send(ledger, "same").submission_id,
        send(ledger, "same", territory="470000000").submission_id,
        send(ledger, "same", period="2025-07").submission_id,
    }
    assert len(ids) == 3


def test_a_corrected_file_supersedes_and_both_remain(ledger: Ledger) -> None:
    first, second = send(ledger, "first"), send(ledger, "corrected", hours=1)
    accept(ledger, first.submission_id)
    accept(ledger, second.submission_id, Verdict.ACCEPTED_WITH_WARNINGS)
    old, new = ledger.submissions()
    assert (old.in_force, new.in_force) == (False, True)
    assert new.replaces_submission_id == old.submission_id
    assert old.replaces_submission_id is None


def test_a_rejected_correction_leaves_the_accepted_version_in_force(ledger: Ledger) -> None:
    accept(ledger, send(ledger, "first").submission_id)
    reject(ledger, send(ledger, "broken", hours=1).submission_id)
    assert [s.in_force for s in ledger.submissions()] == [True, False]
    assert not send(ledger, "first", hours=2).is_new


def test_superseded_bytes_sent_again_change_nothing(ledger: Ledger) -> None:
    first = send(ledger, "first")
    accept(ledger, first.submission_id)
    accept(ledger, send(ledger, "second", hours=1).submission_id)
    again = send(ledger, "first", hours=2)
    assert (again.is_new, again.in_force) == (False, False)
    assert again.submission_id == first.submission_id
    assert [s.in_force for s in ledger.submissions()] == [False, True]


def test_superseded_bytes_are_reinstated_when_that_is_asked_for(ledger: Ledger) -> None:
    first = send(ledger, "first")
    accept(ledger, first.submission_id)
    accept(ledger, send(ledger, "second", hours=1).submission_id)
    reinstated = send(ledger, "first", hours=2, reinstate=True)
    assert reinstated.is_new
    assert reinstated.submission_id != first.submission_id
    accept(ledger, reinstated.submission_id)
    assert [s.in_force for s in ledger.submissions()] == [False, False, True]
    assert not send(ledger, "first", hours=2, reinstate=True).is_new
    assert not send(ledger, "first", hours=3).is_new
    assert len(ledger.submissions()) == 3


def test_bytes_sent_again_while_a_correction_waits_for_its_verdict_change_nothing(
    ledger: Ledger,
) -> None:
    accept(ledger, send(ledger, "first").submission_id)
    waiting = send(ledger, "second", hours=1)
    assert not send(ledger, "first", hours=2).is_new
    accept(ledger, waiting.submission_id)
    assert [s.in_force for s in ledger.submissions()] == [False, True]


def test_every_arrival_is_kept_also_those_that_changed_nothing(ledger: Ledger) -> None:
    first = send(ledger, "first")
    send(ledger, "first", hours=3)
    send(ledger, "first", hours=4, reinstate=True)
    found = ledger.arrivals("1-M", "430000000", "2025-06")
    assert [a.received_at - T0 for a in found] == [timedelta(hours=h) for h in (0, 3, 4)]
    assert [a.is_reinstatement for a in found] == [False, False, True]
    assert [a.submission_id == first.submission_id for a in found] == [True, True, False]


def test_bytes_count_from_their_earliest_arrival_whenever_that_is_registered(
    ledger: Ledger,
) -> None:
    late = send(ledger, "first", hours=5)
    accept(ledger, late.submission_id)
    accept(ledger, send(ledger, "second", hours=3).submission_id)
    assert late.submission.received_at == T0 + timedelta(hours=5)
    early = send(ledger, "first", hours=1)
    assert (early.is_new, early.submission_id) == (False, late.submission_id)
    assert early.submission.received_at == T0 + timedelta(hours=1)
    assert [s.in_force for s in ledger.submissions()] == [False, True]


def test_rejected_bytes_sent_again_answer_with_the_rejection(ledger: Ledger) -> None:
    broken = send(ledger, "broken")
    reject(ledger, broken.submission_id)
    again = send(ledger, "broken", hours=1)
    assert (again.is_new, again.submission.verdict) == (False, Verdict.REJECTED)


def test_the_version_in_force_is_the_latest_received_whatever_the_order_of_judging(
    ledger: Ledger,
) -> None:
    late, early = send(ledger, "late", hours=5), send(ledger, "early", hours=1)
    accept(ledger, late.submission_id)
    accept(ledger, early.submission_id)
    assert [s.submission_id for s in ledger.submissions(in_force=True)] == [late.submission_id]


def test_of_two_files_of_one_moment_the_later_registered_is_in_force(ledger: Ledger) -> None:
    one, two = send(ledger, "one"), send(ledger, "two")
    accept(ledger, two.submission_id)
    accept(ledger, one.submission_id)
    assert ledger.submissions(in_force=True)[0].submission_id == two.submission_id


def test_a_snapshot_shows_what_had_been_received_by_a_moment(ledger: Ledger) -> None:
    first, second = send(ledger, "first"), send(ledger, "second", hours=10)
    accept(ledger, first.submission_id)
    warning = Finding("RULE_BROKEN", "warning", section="R1", line=2, column=1)
    ledger.record_verdict(
        second.submission_id, Verdict.ACCEPTED_WITH_WARNINGS, [warning], CELLS, "contracts-1"
    )
    then = ledger.snapshot(T0 + timedelta(hours=9))
    assert [s.submission_id for s in then.in_force] == [first.submission_id]
    assert then.findings.num_rows == 0
    now = ledger.snapshot()
    assert [s.submission_id for s in now.in_force] == [second.submission_id]
    assert now.findings.column("code").to_pylist() == ["RULE_BROKEN"]
    exactly = ledger.snapshot(T0 + timedelta(hours=10))
    assert len(exactly.submissions) == 2


def test_a_replay_adds_a_judgement_and_keeps_the_earlier_one(ledger: Ledger) -> None:
    broken = send(ledger, "broken").submission_id
    reject(ledger, broken)
    ledger.record_verdict(broken, Verdict.ACCEPTED, [], CELLS, "contracts-2")
    assert [(j.number, j.verdict, j.contract_hash) for j in ledger.judgements(broken)] == [
        (1, Verdict.REJECTED, "contracts-1"),
        (2, Verdict.ACCEPTED, "contracts-2"),
    ]
    assert ledger.submission(broken).in_force
    assert ledger.findings(broken) == []
    assert [f.code for f in ledger.findings(broken, 1)] == ["SHEET_MISSING"]
    assert ledger.snapshot().findings.num_rows == 0


def test_the_same_judgement_again_changes_nothing(ledger: Ledger) -> None:
    broken = send(ledger, "broken").submission_id
    reject(ledger, broken)
    reject(ledger, broken)
    assert len(ledger.judgements(broken)) == 1


def test_findings_come_back_as_they_were_given(ledger: Ledger) -> None:
    submission_id = send(ledger, "broken").submission_id
    given = [
        Finding(
            "VALUE_NOT_A_NUMBER",
            "error",
            sheet="R1",
            cell="E12",
            section="R1",
            line=6,
            column=1,
            found="уточняется",
            expected="целое число",
            rule_id="1M-R1-SEVERITY",
            params={"label": "Қызылорда", "values": [1, 2.5, None]},
        ),
        Finding("SHEET_MISSING", "warning"),
    ]
    ledger.record_verdict(submission_id, Verdict.REJECTED, given, None, "contracts-1")
    assert ledger.findings(submission_id) == given
    judged = ledger.submission(submission_id)
    assert (judged.error_count, judged.warning_count) == (1, 1)


def test_ten_thousand_findings_are_all_kept(ledger: Ledger) -> None:
    submission_id = send(ledger, "broken").submission_id
    findings = [
        Finding("NEGATIVE", "error", "R1", f"E{i}", "R1", i, 1, "-1", "≥ 0", None, {"value": -1})
        for i in range(10_000)
    ]
    ledger.record_verdict(submission_id, Verdict.REJECTED, findings, None, "contracts-1")
    assert len(ledger.findings(submission_id)) == 10_000


def test_an_accepted_submission_must_have_cells(ledger: Ledger) -> None:
    submission_id = send(ledger, "first").submission_id
    with pytest.raises(ValueError, match="has no cells"):
        ledger.record_verdict(submission_id, Verdict.ACCEPTED, [], None, "contracts-1")
    assert ledger.submission(submission_id).state == "received"


def test_an_unknown_submission_is_named(ledger: Ledger) -> None:
    with pytest.raises(UserError, match="0123456789abcdef"):
        ledger.submission("0123456789abcdef")
    with pytest.raises(UserError, match="0123456789abcdef"):
        reject(ledger, "0123456789abcdef")


def test_a_period_that_is_none_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UserError, match="2025-13"):
        send(ledger, "first", period="2025-13")


def test_submissions_can_be_chosen(ledger: Ledger) -> None:
    first = send(ledger, "a").submission_id
    accept(ledger, first)
    broken = send(ledger, "b", territory="470000000").submission_id
    reject(ledger, broken)
    waiting = send(ledger, "c", period="2025-07").submission_id

    def ids(**chosen: Any) -> list[str]:
        return [s.submission_id for s in ledger.submissions(**chosen)]

    assert ids(territory_kato="430000000") == [first, waiting]
    assert ids(period="2025-06", verdict=Verdict.REJECTED) == [broken]
    assert ids(state="received") == [waiting]
    assert ids(in_force=True) == [first]
    assert ids(as_of=T0 - timedelta(seconds=1)) == []


def test_releases_get_running_numbers_and_remember_what_went_in(ledger: Ledger) -> None:
    first = send(ledger, "a").submission_id
    accept(ledger, first)
    one = ledger.begin_release(
        contract_hash="k", submission_ids=[first], period_first="2025-01", period_last="2025-06"
    )
    two = ledger.begin_release(contract_hash="k", submission_ids=[])
    ledger.record_release(one, state="published", content_hash="h", published_at=T0)
    ledger.record_release(two, state="refused")
    assert (one, two) == ("r000001", "r000002")
    published = ledger.releases("published")
    assert [(r.release_id, r.submission_ids, r.published_at) for r in published] == [
        (one, [first], T0)
    ]
    assert [r.release_id for r in ledger.releases()] == [one, two]
    with pytest.raises(UserError, match="r000009"):
        ledger.record_release("r000009", state="refused")


def test_foreign_keys_are_enforced(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        ledger.begin_release(contract_hash="k", submission_ids=["0123456789abcdef"])
    assert ledger.releases() == []


def test_opening_again_keeps_everything(ledger: Ledger, ledger_url: str) -> None:
    submission_id = send(ledger, "first").submission_id
    with Ledger(ledger_url) as again:
        assert again.submission(submission_id).file_name == "first.xlsx"


def test_the_newest_migration_is_the_one_that_the_schema_names() -> None:
    from importlib.resources import files

    scripts = ScriptDirectory(str(files("warehouse.ledger").joinpath("migrations")))
    assert scripts.get_current_head() == tables.REVISION


def test_the_migrations_build_exactly_the_tables_of_the_schema(
    ledger: Ledger, ledger_url: str
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with create_engine(ledger_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []


def test_what_was_registered_before_the_log_of_arrivals_is_its_beginning(ledger_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "warehouse.ledger:migrations")
    config.set_main_option("path_separator", "os")
    earlier = {
        "submission_id": "a" * 16,
        "form_code": "1-M",
        "form_version": "2019",
        "territory_kato": "430000000",
        "period": "2025-06",
        "file_name": "first.xlsx",
        "file_sha256": sha("first"),
        "file_size": 5,
        "language": "ru",
        "received_at": T0,
        "sequence": 7,
        "judgements": 0,
    }
    if ledger_url.startswith("sqlite"):
        Path(make_url(ledger_url).database or "").parent.mkdir(parents=True, exist_ok=True)
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(insert(tables.submission).values(**earlier))

    with Ledger(ledger_url) as ledger:
        assert not send(ledger, "first", hours=1).is_new
        first, again = ledger.arrivals("1-M", "430000000", "2025-06")

    assert (first.number, first.received_at, first.submission_id) == (7, T0, "a" * 16)
    assert (again.number, again.received_at) == (8, T0 + timedelta(hours=1))


def test_findings_of_an_older_ledger_have_the_present_names(ledger_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "warehouse.ledger:migrations")
    config.set_main_option("path_separator", "os")
    told = [
        ("GRAPH_BLANK", 3, {"count": 8}),
        ("GRAPH_HEADER_DIFFERS", 4, {}),
        ("GRAPH_HEADER_MOVED", 4, {"other": 5}),
        ("GRAPH_MISSING", 6, {"name": "графа"}),
        ("GRAPH_REPEATED", 7, {}),
        ("GRAPH_UNKNOWN", None, {}),
        ("LINE_INCOMPLETE", None, {"cells": ["E9", "F9"], "count": 2, "graphs": [1, 2], "of": 6}),
        ("NOT_A_NUMBER", 2, {"graphs": "a word of the file"}),
    ]
    with Ledger(ledger_url) as ledger:
        submission_id = send(ledger, "first").submission_id
        ledger.record_verdict(submission_id, Verdict.REJECTED, [], None, "contract")
    row = {"submission_id": submission_id, "number": 1, "severity": "error"}
    early = text(
        "INSERT INTO finding (submission_id, number, position, code, severity, graph, params)"
        " VALUES (:submission_id, :number, :position, :code, :severity, :graph, :params)"
    )
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
        for position, (code, number, params) in enumerate(told):
            values = {"code": code, "graph": number, "params": json.dumps(params)}
            connection.execute(early, {**row, "position": position, **values})

    with Ledger(ledger_url) as ledger:
        found = [(f.code, f.column, f.params) for f in ledger.findings(submission_id)]
    assert found == [
        ("COLUMN_BLANK", 3, {"count": 8}),
        ("COLUMN_HEADER_DIFFERS", 4, {}),
        ("COLUMN_HEADER_MOVED", 4, {"other": 5}),
        ("COLUMN_MISSING", 6, {"name": "графа"}),
        ("COLUMN_REPEATED", 7, {}),
        ("COLUMN_UNKNOWN", None, {}),
        ("LINE_INCOMPLETE", None, {"cells": ["E9", "F9"], "count": 2, "columns": [1, 2], "of": 6}),
        ("NOT_A_NUMBER", 2, {"graphs": "a word of the file"}),
    ]
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
        rows = connection.execute(text("SELECT code, graph, params FROM finding ORDER BY position"))
        assert [(code, number, json.loads(str(params))) for code, number, params in rows] == told


def test_builds_of_an_older_ledger_keep_state_members_and_names(ledger_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "warehouse.ledger:migrations")
    config.set_main_option("path_separator", "os")
    with Ledger(ledger_url) as ledger:
        submission_id = send(ledger, "first").submission_id
        published = ledger.begin_release(contract_hash="k", submission_ids=[submission_id])
        ledger.record_release(published, state="published", content_hash="h", published_at=T0)
        set_tag(ledger, "final-2025-06", published, reason="", by=None)
        failed = ledger.begin_release(contract_hash="k", submission_ids=[submission_id])
        ledger.record_release(failed, state="failed", problem="no room")
    with create_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(text("UPDATE release SET state = 'failed'"))

    with Ledger(ledger_url) as ledger:
        one, two = ledger.releases()
        assert (one.state, one.content_hash, one.published_at) == ("published", "h", T0)
        assert one.submission_ids == two.submission_ids == [submission_id]
        assert (two.state, two.problem) == ("building", None)
        assert [tag.release_id for tag in tags(ledger)] == [published]
        ledger.record_release(failed, state="failed", problem="no room")
        assert ledger.releases("failed")[0].problem == "no room"
        # What refers to a build still may name none that does not exist.
        with pytest.raises(IntegrityError):
            set_tag(ledger, "final-2025-05", "r000009", reason="", by=None)


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    Ledger(url).close()
    with create_engine(url).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def _open(url: str) -> list[str]:
    Ledger(url).close()
    return sorted(inspect(create_engine(url)).get_table_names())


def test_many_processes_may_open_a_new_ledger_at_once(ledger_url: str) -> None:
    with ProcessPoolExecutor(4, mp_context=FORKED) as pool:
        seen = list(pool.map(_open, [ledger_url] * 8))
    assert all(names == sorted([*tables.metadata.tables, "alembic_version"]) for names in seen)


def _submit_many(url: str, worker: int) -> list[tuple[str, bool]]:
    """Each worker sends the same ten files, and ten of its own."""
    answers = []
    with Ledger(url) as ledger:
        for i in range(10):
            for content, territory in (
                (f"shared-{i}", f"{i:09d}"),
                (f"own-{i}", f"9{worker:04d}{i:04d}"),
            ):
                registration = send(ledger, content, territory=territory)
                accept(ledger, registration.submission_id)
                answers.append((registration.submission_id, registration.is_new))
    return answers


def test_parallel_submitters_lose_nothing_and_double_nothing(ledger_url: str) -> None:
    workers = 4
    with ProcessPoolExecutor(workers, mp_context=FORKED) as pool:
        answers = list(pool.map(_submit_many, [ledger_url] * workers, range(workers)))
    with Ledger(ledger_url) as ledger:
        submissions = ledger.submissions()
        judgements = sum(len(ledger.judgements(s.submission_id)) for s in submissions)
    new = [submission_id for answer in answers for submission_id, is_new in answer if is_new]
    assert sorted(new) == sorted(s.submission_id for s in submissions)
    assert len(submissions) == judgements == 10 + 10 * workers
    assert [s.sequence for s in submissions] == list(range(1, len(submissions) + 1))


def _register_and_hang(url: str, registered: Any) -> None:
    with Ledger(url) as ledger:
        registration = send(ledger, "first")
        registered.put(registration.submission_id)
        time.sleep(600)


def test_a_submission_of_a_killed_process_is_found_again_and_can_be_judged(
    ledger_url: str,
) -> None:
    registered = FORKED.Queue()
    process = FORKED.Process(target=_register_and_hang, args=(ledger_url, registered))
    process.start()
    submission_id = registered.get(timeout=60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Ledger(ledger_url) as ledger:
        assert [s.submission_id for s in ledger.unfinished()] == [submission_id]
        again = send(ledger, "first", hours=1)
        assert (again.is_new, again.submission.state) == (False, "received")
        accept(ledger, submission_id)
        accept(ledger, submission_id)
        assert ledger.unfinished() == []
        assert len(ledger.judgements(submission_id)) == 1


def test_figures_of_the_demonstration_mark_the_ledger_as_long_as_they_count(
    ledger: Ledger,
) -> None:
    assert not ledger.is_demonstration()
    real = send(ledger, "real")
    made_up = send(ledger, "made up", territory="390000000", is_demonstration=True)
    assert not ledger.is_demonstration()
    assert not ledger.snapshot().is_demonstration
    for each in (real, made_up):
        accept(ledger, each.submission_id)
    assert ledger.is_demonstration()
    assert ledger.snapshot().is_demonstration
    # A real correction replaces it: what counted before is still behind the restatements.
    later = send(ledger, "correction", territory="390000000")
    accept(ledger, later.submission_id)
    assert ledger.is_demonstration()
    ledger.send_back(made_up.submission_id, by="ministry", comment="no report")
    assert not ledger.is_demonstration()
    assert not ledger.snapshot().is_demonstration


def test_a_rejected_file_of_the_demonstration_marks_nothing(ledger: Ledger) -> None:
    sent = send(ledger, "made up", is_demonstration=True)
    reject(ledger, sent.submission_id)
    assert not ledger.is_demonstration()
    assert not ledger.snapshot().is_demonstration
