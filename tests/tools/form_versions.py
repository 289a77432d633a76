"""A version of a form as an order would bring it: lines inserted, removed, moved, merged.

The contracts of the version are written as a person would write them; what each old number became
is kept beside them as `Renumbering`, worked out on lists and not by the code under test.
"""

import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from warehouse.contracts import CONTRACTS_DIR

REASON = {
    "ru": "Приказ изменил форму",
    "kk": "Бұйрық нысанды өзгертті",
    "en": "An order changed it",
}
Origin = tuple[int, ...]
"""The old numbers that a new number stands for; none for a new one."""


@dataclass(frozen=True)
class Renumbering:
    """The numbers of the new version, 1, 2, 3 …, each with the old numbers that it stands for."""

    origins: tuple[Origin, ...]
    old: tuple[int, ...]

    @property
    def later(self) -> dict[int, Origin]:
        """New number -> old numbers."""
        return dict(enumerate(self.origins, start=1))

    def carries(self, numbers: Iterable[int]) -> bool:
        """Whether the sum of old numbers can still be told."""
        wanted = set(numbers)
        whole = [origin for origin in self.origins if set(origin) & wanted]
        told = {number for origin in whole for number in origin}
        return told == wanted

    def declared(self) -> dict[str, Any]:
        """What changes.yml says of it."""
        kept = {number for origin in self.origins for number in origin}
        said = {
            "moved": {o[0]: n for n, o in self.later.items() if len(o) == 1 and o[0] != n},
            "new": [n for n, o in self.later.items() if not o],
            "gone": [number for number in self.old if number not in kept],
            "merged": [{"from": [*o], "to": n} for n, o in self.later.items() if len(o) > 1],
        }
        return {key: value for key, value in said.items() if value}


@dataclass
class Edits:
    """Changes of a list of numbers, in the order in which an order makes them."""

    origins: list[Origin]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "Edits":
        return cls([(number,) for number in numbers])

    def insert_after(self, place: int) -> None:
        self.origins.insert(place, ())

    def remove(self, place: int) -> None:
        del self.origins[place]

    def move(self, place: int, to: int) -> None:
        self.origins.insert(to, self.origins.pop(place))

    def merge(self, place: int, other: int) -> None:
        """One line in the place of the first of two."""
        merged = self.origins[place] + self.origins[other]
        self.origins[place] = merged
        del self.origins[other]

    def done(self, old: Sequence[int]) -> Renumbering:
        return Renumbering(tuple(self.origins), tuple(old))


@dataclass
class NewVersion:
    """A version `name` from `valid_from` in a copy of the contracts under `root`."""

    root: Path
    form: str
    name: str
    valid_from: str
    until: str
    ended: dict[str, list[str]] = field(default_factory=dict)
    sections: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base(self) -> Path:
        return self.root / "forms" / self.form

    @property
    def folder(self) -> Path:
        return self.root / "forms" / f"{self.form}-{self.name}"

    def begin(self) -> "NewVersion":
        """End the version in force and begin the folder of the new one."""
        self.folder.mkdir()
        before = yaml.safe_load((self.base / "form.yml").read_text(encoding="utf-8"))
        after = before | {"version": self.name, "valid_from": self.valid_from}
        if before.get("kind") != "table":
            after["based_on"] = self.form
        write_yaml(self.base / "form.yml", before | {"valid_to": self.until})
        write_yaml(self.folder / "form.yml", after)
        return self

    def lines(
        self,
        line_set: str,
        sections: Sequence[str],
        made: Renumbering,
        offences: Sequence[int] = (),
    ) -> None:
        """Write the new list of lines and declare what became of the old ones.

        `offences` are the numbers of the offences that new lines stand for, from the top down.
        """
        write_lines(self.base, self.folder, line_set, made, iter(offences))
        self.sections.append({"codes": [*sections], "lines": made.declared()})

    def columns(self, made: Renumbering) -> None:
        """The columns of a compact form."""
        file = self.folder / "form.yml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        old = {column["number"]: column for column in content["columns"]}
        content["columns"] = [_column(number, origin, old) for number, origin in made.later.items()]
        write_yaml(file, content)
        self.sections.append({"codes": ["T"], "columns": made.declared()})

    def declare(self) -> None:
        """Write changes.yml."""
        said: dict[str, Any] = {"sections": [s for s in self.sections if len(s) > 1]}
        ended = {key: codes for key, codes in self.ended.items() if codes}
        if ended:
            said |= {"ended": ended}
        write_yaml(self.folder / "changes.yml", said | {"reason": REASON, "source": "Приказ № 1"})


def copied_contracts(target: Path, *, with_rules: bool = True) -> Path:
    """A copy of the contracts; without control rules any figures make a sound report."""
    shutil.copytree(CONTRACTS_DIR, target)
    if not with_rules:
        for rules in (target / "forms").glob("*/rules*"):
            shutil.rmtree(rules) if rules.is_dir() else rules.unlink()
        for rules in (target / "forms" / "cross").glob("*.yml"):
            rules.unlink()
    return target


def write_yaml(path: Path, content: object) -> None:
    """Write a contract file."""
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def read_lines(folder: Path, line_set: str) -> list[dict[str, str]]:
    """The rows of a list of lines."""
    with (folder / "lines" / f"{line_set}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_lines(
    base: Path, folder: Path, line_set: str, made: Renumbering, offences: Iterator[int]
) -> None:
    """The list of a version: old rows under their new codes, new rows with numbers of their own."""
    rows = read_lines(base, line_set)
    by_code = {int(row["line_code"]): row for row in rows}
    placed = {old: new for new, origin in made.later.items() for old in origin}
    (folder / "lines").mkdir(exist_ok=True)
    with (folder / "lines" / f"{line_set}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        above = by_code[made.old[0]]
        for number, origin in made.later.items():
            is_kept = len(origin) == 1
            row = by_code[origin[0]] if is_kept else _new_row(above, number, origin, offences)
            parent = row["parent_line"]
            parent = str(placed[int(parent)]) if parent and int(parent) in placed else ""
            writer.writerow(row | {"line_code": number, "parent_line": parent})
            above = row


def _new_row(
    above: Mapping[str, str], number: int, origin: Origin, offences: Iterator[int]
) -> dict[str, str]:
    word = f"Слияние {'+'.join(map(str, origin))}" if origin else f"Новая строка {number}"
    label = {"label_1": "", "label_2": "", "label_3": f"{word} (ст.{900 + number}-1)"}
    names = {"name_ru": label["label_3"], "name_kk": "", "name_en": "", "article": ""}
    return {**above, **label, **names, "offence": str(next(offences, ""))}


def _column(number: int, origin: Origin, old: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    if len(origin) == 1:
        return old[origin[0]] | {"number": number}
    words = "ещё " * number + "новых случаев"
    kept = {k: v for k, v in old[min(old)].items() if k in ("unit", "integral")}
    return {"number": number, "name": {"ru": words, "kk": words, "en": words}, **kept}
