"""An older ledger is brought up to date with all that it holds."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, make_url, text
from sqlalchemy.exc import IntegrityError

from tests.unit.warehouse.ledger.sending import T0, send, sha
from warehouse.ledger import Ledger, Verdict
from warehouse.ledger import schema as tables
from warehouse.ledger.tags import set_tag, tags


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
