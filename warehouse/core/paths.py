"""Where things lie inside the data directory."""

from dataclasses import dataclass
from pathlib import Path

from warehouse.core.store_address import StoreAddress

LEAST_FREE_BYTES = 2 * 1024**3
"""With less room on the disk of the data an installation is in danger."""


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory of one installation (`MVD_HOME`). `root` becomes absolute.

    With a `store`, what is in `originals`, `lake` and `releases` is a copy of what is kept there
    (`warehouse.storage.mirror`).
    """

    root: Path
    store: StoreAddress | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root).expanduser().absolute())

    @property
    def inbox(self) -> Path:
        """Folder from which waiting workbooks are taken."""
        return self.root / "inbox"

    @property
    def originals(self) -> Path:
        """The bytes that departments sent, by content hash."""
        return self.root / "originals"

    @property
    def lake(self) -> Path:
        """Cells of accepted submissions as Parquet."""
        return self.root / "lake"

    @property
    def builds(self) -> Path:
        """Work in progress, unseen by readers."""
        return self.root / "builds"

    @property
    def extracts(self) -> Path:
        """Cells that builds need, taken from the lake once; safe to delete."""
        return self.root / "extracts"

    @property
    def spill(self) -> Path:
        """What queries put on disk while they run; safe to delete when nobody asks."""
        return self.root / "spill"

    @property
    def digests(self) -> Path:
        """Digests of the rows of the newest release; safe to delete."""
        return self.root / "digests"

    @property
    def as_of(self) -> Path:
        """Builds of what was known at some moment; never published, safe to delete."""
        return self.root / "as_of"

    @property
    def releases(self) -> Path:
        """Published releases, one directory each."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """Symlink to the directory of the release in force."""
        return self.root / "current"

    @property
    def lineage(self) -> Path:
        """OpenLineage events of the embedded stack, one to a line."""
        return self.root / "lineage.jsonl"

    @property
    def ledger_file(self) -> Path:
        """SQLite file of the embedded ledger."""
        return self.root / "ledger.sqlite"

    @property
    def keys(self) -> Path:
        """Secret keys of the installation, readable by its owner alone."""
        return self.root / "keys"
