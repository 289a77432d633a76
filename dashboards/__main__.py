"""Command line of the dashboards; runs in the environment of Superset (`dashboards/.venv`)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboards.names import SPOKEN
from dashboards.paths import CONFIG, HOME_VARIABLE, PROJECT, Place, here


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused or failed, 2 wrong use."""
    given = _parser().parse_args(arguments)
    place = _enter(given.home)
    if given.command == "serve":
        from dashboards.serving.serve import serve

        return serve(place, given.host, given.port, given.workers, given.threads, init=given.init)
    from dashboards import commands

    result: int = getattr(commands, given.command)(place, given)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--home", type=Path, help="data directory (default: MVD_HOME or ./data)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="database, roles, administrator, dashboards; may be repeated")
    commands.add_parser("load", help="put the dashboards in place and remove stale ones")
    commands.add_parser("warm", help="ask every chart once, so that the first reader waits less")
    borders = commands.add_parser("borders", help="check and install the borders of districts")
    borders.add_argument("--language", choices=SPOKEN, default=_language())
    server = commands.add_parser("serve", help="answer on a loopback port until ended")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=8088)
    server.add_argument("--init", action="store_true", help="first do what `init` does")
    server.add_argument("--workers", type=int, default=2)
    server.add_argument("--threads", type=int, default=8)
    reports = commands.add_parser("reports", help="send the letters that are due now")
    reports.add_argument("--all", action="store_true", help="send every active one, due or not")
    account = commands.add_parser("account", help="add an account or give a new password")
    account.add_argument("name")
    account.add_argument("--role", help="a role of contracts/access.yml")
    account.add_argument("--region", default="", help="KATO of the region of a regional analyst")
    account.add_argument("--email", default="")
    several = commands.add_parser("accounts", help="many accounts at once")
    several.add_argument("file", type=Path, help="CSV with the columns name,role,region,email")
    account.add_argument("--remove", action="store_true", help="close the account")
    return parser


def _language() -> str:
    """As the rest of the project speaks: MVD_LANGUAGE, else Russian."""
    spoken = os.environ.get("MVD_LANGUAGE", "ru")
    return spoken if spoken in SPOKEN else "ru"


def _enter(home: Path | None) -> Place:
    """Say to Superset whose installation this is, before anything of it is imported."""
    if home:
        os.environ[HOME_VARIABLE] = str(home.expanduser().absolute())
    os.environ[HOME_VARIABLE] = str(here().home)
    os.environ["SUPERSET_CONFIG_PATH"] = str(CONFIG)
    os.environ.setdefault("FLASK_APP", "superset.app:create_app()")
    os.environ["PYTHONPATH"] = str(PROJECT)
    os.umask(0o077)
    place = here()
    place.create()
    return place


if __name__ == "__main__":
    sys.exit(main())
