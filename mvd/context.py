"""What every command works with: the settings of the installation and the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mvd.console import errors
from warehouse.core.paths import Home
from warehouse.core.settings import Engine, Settings
from warehouse.core.texts import Language, load_texts

if TYPE_CHECKING:
    from ingestion.request import Services


@dataclass(frozen=True)
class Context:
    """The installation a command is about."""

    settings: Settings

    @property
    def home(self) -> Home:
        return self.settings.paths

    @property
    def language(self) -> Language:
        return self.settings.language

    def with_engine(self, engine: Engine | None) -> Settings:
        """The settings for a command that may name what computes; UserError where it is missing."""
        settings = self.settings.model_copy(update={"engine": engine or self.settings.engine})
        if settings.engine == "spark":
            from warehouse.build import spark

            spark.require()
        return settings

    def say(self, key: str, **params: Any) -> str:
        """A text of the command line in the reader's language."""
        return load_texts("command_line").text(key, self.language, **params)

    def say_demonstration(self, *keys: str) -> None:
        """Tell on standard error, which no program reads as data, that figures are made up."""
        for key in ("demonstration", *keys):
            errors.print(self.say(key), style="bold red")

    def published_demonstration(self, release_id: str | None) -> bool:
        """Whether a release, or the one in force, has figures of the demonstration."""
        from warehouse.releases.catalogue import read_manifest

        return read_manifest(self.home, release_id).is_demonstration is True

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Ledger, contracts and limits, closed afterwards."""
        from ingestion.request import Services

        services = Services.open(self.settings)
        try:
            yield services
        finally:
            services.ledger.close()
