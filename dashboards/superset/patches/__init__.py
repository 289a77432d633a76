"""What is changed inside Superset because no setting and no extension point does it.

One file each: what it changes and why, what upstream says of it, the versions it was made for, the
test that watches over it, and when to drop it. `install` refuses other versions: after an upgrade
try each patch, drop those that are not needed any more, and set MADE_FOR of the others anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version

AT_START = (
    "schemas",
    "database_page",
    "parsed_conditions",
    "row_limits",
    "samples",
    "cells",
    "downloads",
    "printed_letters",
)
"""Those of a running server; `country_map` changes the installed files once."""


class PatchError(RuntimeError):
    """The installed Superset is not the one that a patch was made for."""


def install() -> None:
    """Change the Superset of this process. PatchError when it is another than the patches know."""
    for name in AT_START:
        patch = import_module(f"{__name__}.{name}")
        require(name, patch.MADE_FOR)
        patch.install()


def require(patch: str, made_for: Mapping[str, str]) -> None:
    """PatchError unless exactly the versions are installed that a patch was made for."""
    for package, wanted in made_for.items():
        if (found := version(package)) != wanted:
            raise PatchError(
                f"the patch {patch} was made for {package} {wanted}, {found} is installed:"
                f" see dashboards/superset/patches/{patch}.py, then try it or drop it"
            )
