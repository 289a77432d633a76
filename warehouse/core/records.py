"""Reading contract files into frozen, typed records; every error names the file and the key."""

import csv
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

CONTRACTS_DIR = Path(__file__).resolve().parents[2] / "contracts"

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""A month of the calendar, YYYY-MM."""


class ContractError(Exception):
    """A contract file is not what its loader expects. The text names file, place and reason."""


class Record(BaseModel):
    """Base of all contract records: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


RecordT = TypeVar("RecordT", bound=Record)


def read_yaml(path: Path) -> Any:
    """Parse the YAML file `path`; raises ContractError when it is missing or not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - it is a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: {error}") from error


def parse(path: Path, model: type[RecordT], data: Any, place: str = "") -> RecordT:
    """Check `data` as a `model`; raises ContractError with file, key and reason."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join([place, *map(str, e['loc'])]).strip('.')}: {e['msg']}"
            for e in error.errors()
        )
        raise ContractError(f"{path}: {reasons}") from error


def parse_each(path: Path, model: type[RecordT], data: Any) -> dict[str, RecordT]:
    """Check a mapping of keys to `model`s; raises ContractError with file, key and reason."""
    if not isinstance(data, dict):
        raise ContractError(f"{path}: is no mapping of keys to entries")
    return {str(key): parse(path, model, entry, str(key)) for key, entry in data.items()}


def read_record(path: Path, model: type[RecordT]) -> RecordT:
    """Read the YAML file `path` as one `model`."""
    return parse(path, model, read_yaml(path))


def read_table(path: Path, model: type[RecordT]) -> tuple[RecordT, ...]:
    """Read the CSV file `path`, one `model` per row; empty cells mean the model's defaults."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except OSError as error:
        raise ContractError(f"{path}: {error}") from error
    unknown = sorted(set(reader.fieldnames or ()) - set(model.model_fields))
    if unknown:
        raise ContractError(f"{path}: line 1: unknown column {', '.join(unknown)}")
    return tuple(
        parse(path, model, {k: v for k, v in row.items() if v != ""}, f"line {number}")
        for number, row in enumerate(rows, start=2)
    )


class _UniqueKeyLoader(yaml.CSafeLoader):
    """SafeLoader that refuses a key given twice instead of keeping the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            twice = sorted(str(key) for key, count in Counter(keys).items() if count > 1)
            raise yaml.YAMLError(f"key given twice: {', '.join(twice)}{node.start_mark}")
        return super().construct_mapping(node, deep)
