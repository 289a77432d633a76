from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from tests.unit.warehouse.ledger.sending import CELLS, T0, accept, reject, send, sha
from warehouse.core.errors import UserError
from warehouse.ledger import Finding, Ledger, Verdict


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


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    Ledger(url).close()
    with create_engine(url).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


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


def test_a_submission_is_of_the_version_that_it_was_last_read_by(ledger: Ledger) -> None:
    submission_id = send(ledger, "a").submission.submission_id
    assert ledger.submission(submission_id).form_version == "2019"
    reject(ledger, submission_id)
    assert ledger.submission(submission_id).form_version == "2019"
    ledger.record_verdict(
        submission_id, Verdict.ACCEPTED, [], CELLS, "contracts-2", form_version="2026"
    )
    assert ledger.submission(submission_id).form_version == "2026"
    (kept,) = ledger.snapshot(None).submissions
    assert kept.form_version == "2026"
