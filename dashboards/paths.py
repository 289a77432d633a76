"""Where Superset keeps its things: `<home>/superset`, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CONTRACTS = PROJECT / "contracts"
CONFIG = PROJECT / "dashboards" / "superset" / "superset_config.py"
HOME_VARIABLE = "MVD_HOME"
DATABASE_VARIABLE = "MVD_SUPERSET_DATABASE_URL"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True)
class Place:
    """Superset's part of one installation. `home` is the data directory of the product."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "superset"

    @property
    def metadata(self) -> Path:
        """Superset's own database, unless another is named."""
        return self.root / "superset.sqlite"

    @property
    def database_url(self) -> str:
        """MVD_SUPERSET_DATABASE_URL, or the content of the file MVD_SUPERSET_DATABASE_URL_FILE."""
        if file := os.environ.get(f"{DATABASE_VARIABLE}_FILE"):
            return Path(file).read_text(encoding="utf-8").strip()
        return os.environ.get(DATABASE_VARIABLE) or f"sqlite:///{self.metadata}?timeout=30"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def regions(self) -> Path:
        """What each region may see, a file per release and region."""
        return self.root / "regions"

    @property
    def supplied_borders(self) -> Path:
        """Borders of districts as the operator put them there; `borders` checks them."""
        return self.home / "maps" / "districts.geojson"

    @property
    def borders(self) -> Path:
        """Borders of districts as the map draws them."""
        return self.root / "maps" / "districts.json"

    @property
    def letters_sent(self) -> Path:
        """Until when letters were sent."""
        return self.root / "letters-sent-until"

    @property
    def port(self) -> Path:
        """The port on which Superset answered last."""
        return self.root / "port"

    @property
    def prepared(self) -> Path:
        """From what Superset's own database was last prepared."""
        return self.root / "prepared"

    @property
    def administrator(self) -> Path:
        """The administrator's first password."""
        return self.root / "administrator"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def current(self) -> Path:
        """The pointer to the release in force."""
        return self.home / "current"

    def create(self) -> None:
        """Make the folders; nobody else may look into them."""
        for folder in (self.root, self.cache):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_PRIVATE_FOLDER)

    def secret(self, name: str) -> str:
        """A secret of the installation, made when first asked for."""
        path = self.root / f"{name}.key"
        if not path.exists():
            self.create()
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="utf-8")


def here() -> Place:
    """The installation named by MVD_HOME; `data` beside the checkout's commands otherwise."""
    return Place(Path(os.environ.get(HOME_VARIABLE, "data")).expanduser().absolute())


@lru_cache(8)
def has_demonstration(place: Place, release: str) -> bool:
    """Whether the manifest of a release says that figures come from `mvd demo`; that of a release
    made before this was recorded does not.
    """
    manifest = json.loads((place.releases / release / "manifest.json").read_bytes())
    return manifest.get("is_demonstration") is True


def write_private(path: Path, text: str) -> None:
    """Write a file whole, for its owner alone; the first of two writers wins nothing but time."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    temporary.touch(mode=_PRIVATE_FILE)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
