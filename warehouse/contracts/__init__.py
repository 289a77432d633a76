"""Contracts: what the forms, rules, indicators and territories are. Data, read once and frozen."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from warehouse.contracts.files import ContractError
from warehouse.contracts.form_files import load_forms
from warehouse.contracts.forms import Coordinates, Form, Graph, Layout, Line, Section

__all__ = [
    "CONTRACTS",
    "ContractError",
    "Contracts",
    "Coordinates",
    "Form",
    "Graph",
    "Layout",
    "Line",
    "Section",
    "load_contracts",
]

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


@dataclass(frozen=True)
class Contracts:
    """Everything under one contracts directory."""

    root: Path
    form_versions: tuple[Form, ...]

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        """The newest version of each form, by code."""
        return {form.code: form for form in self.form_versions}

    def form(self, code: str, period: str) -> Form:
        """Give the version of a form in force in `period` (YYYY-MM). Raises KeyError."""
        for form in self.form_versions:
            if form.code == code and form.valid_in(period):
                return form
        raise KeyError(f"no version of form {code} is in force in {period}")

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the name and bytes of every contract file (YAML and CSV)."""
        digest = hashlib.sha256()
        for file in sorted(f for f in self.root.rglob("*") if f.suffix in {".yml", ".csv"}):
            name = file.relative_to(self.root).as_posix().encode()
            content = file.read_bytes()
            digest.update(b"%d %b %d " % (len(name), name, len(content)))
            digest.update(content)
        return digest.hexdigest()


@cache
def load_contracts(root: Path = CONTRACTS) -> Contracts:
    """Read the contracts under `root`; once per process. Raises ContractError."""
    return Contracts(root=root, form_versions=load_forms(root))
