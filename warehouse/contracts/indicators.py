"""The catalogue of indicators and the measures of the fact tables: where each figure stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from warehouse.core.records import CONTRACTS_DIR, ContractError, Record, read_record
from warehouse.core.texts import Language, Texts

Basis = Literal["month", "ytd"]
POPULATION = "population"


def _expand(value: Any) -> Any:
    """Turn [1, "3-5"] into (1, 3, 4, 5); anything else is left for the model to refuse."""
    if not isinstance(value, list):
        return value
    lines: list[Any] = []
    for item in value:
        first, dash, last = str(item).partition("-")
        is_range = dash and first.isdigit() and last.isdigit()
        lines.extend(range(int(first), int(last) + 1) if is_range else [item])
    return tuple(lines)


Lines = Annotated[tuple[int, ...], BeforeValidator(_expand), Field(min_length=1)]


class Source(Record):
    """Cells of a form: every line of `lines` in one column, added with `sign`.

    They are written in the numbers of `version`, the first version of the form where none is given;
    `versions.coordinates` tells where they stand in the others.
    """

    form: str
    version: str | None = None
    section: str
    lines: Lines
    column: int = Field(ge=1)
    basis: Basis
    sign: Literal[1, -1] = 1


class Confirmation(Record):
    """Cells elsewhere that must equal the indicator, or include it and something more."""

    form: str
    version: str | None = None
    section: str
    lines: Lines
    column: int = Field(ge=1)
    basis: Basis
    relation: Literal["equal", "includes"]


class Formula(Record):
    """`scale` x sum of numerators / sum of denominators; no denominator means divide by one.

    `population` stands for the inhabitants of the territory.
    """

    version: int = Field(ge=1)
    numerator: tuple[str, ...] = Field(min_length=1)
    denominator: tuple[str, ...]
    scale: float


class _Entry(Record):
    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    name: Texts
    unit: Literal["count", "persons", "percent", "rate_10k", "kg", "tenge", "thousand_tenge"]
    measure_type: Literal["flow", "stock", "rate"]
    territory_aggregation: Literal["sum", "none"]
    time_aggregation: Literal["sum", "last", "average", "none"]
    ranked: bool = False
    article: str = ""
    iccs_code: str = ""
    disaggregation: str = ""
    parent: str | None = None
    dimension: str | None = Field(default=None, pattern=r"^[a-z_]+(=\S.*)?$")
    status: Literal["form", "derived", "no_form"]
    sources: tuple[Source, ...]
    confirmed_by: tuple[Confirmation, ...] = ()
    formula: Formula | None = None
    note: str = ""

    @model_validator(mode="after")
    def _status_tells_the_truth(self) -> Self:
        if bool(self.sources) != (self.status == "form"):
            raise ValueError(f"{self.code}: status {self.status} with {len(self.sources)} sources")
        if self.status == "derived" and self.formula is None:
            raise ValueError(f"{self.code}: status derived without a formula")
        if (self.parent is None) != (self.dimension is None):
            raise ValueError(f"{self.code}: parent and dimension go together")
        return self

    @model_validator(mode="after")
    def _only_counts_of_cases_are_ranked(self) -> Self:
        # The intervals of a ranking are those of a Poisson count.
        if self.ranked and (self.measure_type, self.unit in ("count", "persons")) != ("flow", True):
            raise ValueError(f"{self.code}: a ranking needs a flow of cases or persons")
        return self


class Indicator(_Entry):
    """One indicator. `sources` of one basis are added up; `derived` ones come from `formula`.

    An indicator with a `parent` is its part named by `dimension`, such as device=Сергек. By a
    `ranked` one territories are compared with their peers.
    """

    domain: str
    names_unverified: tuple[str, ...]


class _DomainFile(Record):
    domain: str
    names_unverified: tuple[Language, ...]
    indicators: tuple[_Entry, ...]


@dataclass(frozen=True)
class Indicators(Mapping[str, Indicator]):
    """All indicators by code, in the order of the files."""

    entries: tuple[Indicator, ...]
    _by_code: dict[str, Indicator] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {entry.code: entry for entry in self.entries})

    def __getitem__(self, code: str) -> Indicator:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)


class Measure(Record):
    """A measure of a fact table: one column of a section, in the first version of the form."""

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    section: str
    column: int = Field(ge=1)
    basis: Basis
    label: Texts


class Mart(Record):
    """A fact table over offences of a form; `offences` None means every one of the sections."""

    mart: str
    form: str
    offences: Lines | None
    measures: tuple[Measure, ...]


class _MartFile(Record):
    mart: str
    form: str
    offences: Lines | Literal["all"]
    measures: tuple[Measure, ...] = ()
    like: str | None = None

    @model_validator(mode="after")
    def _own_measures_or_those_of_another(self) -> Self:
        if bool(self.measures) == (self.like is not None):
            raise ValueError("give either `measures` or `like`")
        return self


def load_indicators(root: Path = CONTRACTS_DIR) -> Indicators:
    """Read `indicators/*.yml` below `root`; raises ContractError."""
    entries: dict[str, Indicator] = {}
    for path in sorted((root / "indicators").glob("*.yml")):
        file = read_record(path, _DomainFile)
        common = {"domain": file.domain, "names_unverified": file.names_unverified}
        for entry in file.indicators:
            if entry.code in entries:
                raise ContractError(f"{path}: indicators.{entry.code}: the code stands twice")
            entries[entry.code] = Indicator.model_validate({**dict(entry), **common})
    _require_known_operands(root / "indicators", entries)
    _require_known_parents(root / "indicators", entries)
    return Indicators(tuple(entries.values()))


def load_marts(root: Path = CONTRACTS_DIR) -> dict[str, Mart]:
    """Read `marts/*.yml` below `root`, by name of the fact table; raises ContractError."""
    files = {path: read_record(path, _MartFile) for path in sorted((root / "marts").glob("*.yml"))}
    measures = {file.mart: file.measures for file in files.values()}
    marts = {}
    for path, file in files.items():
        if file.like is not None and not measures.get(file.like):
            raise ContractError(f"{path}: like: no fact table {file.like} with measures")
        marts[file.mart] = Mart(
            mart=file.mart,
            form=file.form,
            offences=None if file.offences == "all" else file.offences,
            measures=file.measures or measures[str(file.like)],
        )
    return marts


def _require_known_parents(folder: Path, entries: Mapping[str, Indicator]) -> None:
    parts: set[tuple[str, str | None]] = set()
    for entry in entries.values():
        if entry.parent is None:
            continue
        if entry.parent not in entries:
            raise ContractError(f"{folder}: {entry.code}.parent: no indicator {entry.parent}")
        part = (entry.parent, entry.dimension)
        if part in parts:
            raise ContractError(f"{folder}: {entry.code}.dimension: {part} stands twice")
        parts.add(part)


def _require_known_operands(folder: Path, entries: Mapping[str, Indicator]) -> None:
    for entry in entries.values():
        if entry.formula is None:
            continue
        operands = {*entry.formula.numerator, *entry.formula.denominator} - {POPULATION}
        unknown = sorted(operands - set(entries))
        if unknown:
            raise ContractError(f"{folder}: {entry.code}.formula: unknown operands {unknown}")
