"""Put the dashboards of the project into Superset, and remove those that the project dropped."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import yaml

from dashboards.database import definition
from dashboards.paths import CONTRACTS, here
from dashboards.superset.accounts import ADMINISTRATOR

_METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
_MANAGED = ("datasets/", "charts/", "dashboards/")


def bundle() -> dict[str, str]:
    """Everything that Superset is given: path inside the bundle → YAML."""
    from dashboards.compile.bundle import PORTAL_URL, expand

    address = os.environ.get("MVD_DICTIONARY_URL", PORTAL_URL)
    expanded = expand(address, districts=here().borders.exists())
    files = {path: _managed(path, text) for path, text in expanded.items()}
    files["metadata.yaml"] = yaml.safe_dump(_METADATA)
    files["databases/mvd.yaml"] = yaml.safe_dump(definition(), allow_unicode=True)
    return files


def fingerprint() -> str:
    """Of everything that Superset's own database is prepared from."""
    found = hashlib.sha256(version("apache-superset").encode())
    for path, text in sorted(bundle().items()):
        found.update(f"{path}\0{text}\0".encode())
    code = Path(__file__).parents[1]
    sources = (
        *code.glob("*.py"),
        *code.glob("[!.]*/*.py"),
        *code.glob("superset/patches/*.py"),
        *code.glob("*.yml"),
        *CONTRACTS.glob("*.yml"),
    )
    for file in (*sorted(sources), CONTRACTS / "territories" / "territories.csv"):
        found.update(file.read_bytes())
    return found.hexdigest()


def load() -> int:
    """Import the bundle, then remove what the project does not have any more; number of objects.

    Repeating it changes nothing. People's own charts and dashboards are never touched.
    """
    from superset import security_manager as manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    files = bundle()
    with override_user(manager.find_user(username=ADMINISTRATOR)):
        ImportAssetsCommand(files).run()
        _remove_stale(files)
    return len(files) - 1


def _managed(path: str, text: str) -> str:
    return f"{text}is_managed_externally: true\n" if path.startswith(_MANAGED) else text


def _remove_stale(files: dict[str, str]) -> None:
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    from dashboards.names import read_text

    for folder, model in (("dashboards/", Dashboard), ("charts/", Slice), ("datasets/", SqlaTable)):
        wanted = {read_text(t)["uuid"] for p, t in files.items() if p.startswith(folder)}
        for found in db.session.query(model).filter(model.is_managed_externally):
            if str(found.uuid) not in wanted:
                db.session.delete(found)
    db.session.commit()
