"""Reading forms from contracts/forms: file shapes, checks, and the names that lines inherit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import Field

from warehouse.contracts.forms import (
    Form,
    FormColumn,
    Identification,
    Layout,
    Line,
    OffenceReference,
    Section,
    SheetColumn,
    Value,
)
from warehouse.contracts.tables import TableFile, table_form
from warehouse.contracts.versions.changes import succession
from warehouse.contracts.versions.layouts import with_moved_labels
from warehouse.core.records import (
    ContractError,
    Month,
    Record,
    parse,
    read_record,
    read_table,
    read_yaml,
)
from warehouse.core.texts import Names


class _ColumnEntry(Record):
    number: int = Field(ge=1)
    sheet_column: SheetColumn
    name: Names
    unit: str | None = None
    integral: bool | None = None


class _SectionFile(Record):
    code: str
    sheet: str
    title: Names
    lines: str
    value: Value
    layout: Layout
    columns: tuple[_ColumnEntry, ...] = Field(min_length=1)


class _FormFile(Record):
    kind: Literal["sheets"] = "sheets"
    code: str
    name: Names
    version: str
    valid_from: Month
    valid_to: Month | None = None
    based_on: str | None = None
    source: str
    cumulative: bool
    identification: Identification
    offence_reference: OffenceReference
    sections: tuple[str, ...] = Field(min_length=1)


class _LineRow(Record):
    line_code: int
    label_1: str = ""
    label_2: str = ""
    label_3: str = ""
    name_ru: str
    name_kk: str = ""
    name_en: str = ""
    article: str = ""
    chapter: int | None = None
    parent_line: int | None = None
    offence: int | None = None


def load_forms(root: Path) -> tuple[Form, ...]:
    """Load every version of every form: each folder of `root`/forms that holds a form.yml.

    Ordered by code and then by `valid_from`. Raises ContractError.
    """
    files = sorted(root.glob("forms/*/form.yml"))
    if not files:
        raise _error(root / "forms", "", "no folder with a form.yml")
    forms = sorted(map(_load_form, files), key=lambda f: (f.code, f.valid_from))
    _refuse_overlaps(forms)
    named = [_with_inherited_names(form, forms) for form in forms]
    return tuple(_with_layouts(named))


def _load_form(file: Path) -> Form:
    data = read_yaml(file)
    if isinstance(data, dict) and data.get("kind") == "table":
        shape = parse(file, TableFile, data)
        _refuse_twice(file, "columns.number", (column.number for column in shape.columns))
        return table_form(shape, file.parent)
    return _load_sheets(file, parse(file, _FormFile, data))


def _load_sheets(file: Path, shape: _FormFile) -> Form:
    folders = tuple(_folders(file, shape))
    line_sets: dict[str, tuple[Line, ...]] = {}
    sections = []
    for code in shape.sections:
        path = _find(folders, f"sections/{code}.yml")
        section = read_record(path, _SectionFile)
        if section.code != code:
            raise _error(path, "code", f"{section.code!r} in the file of section {code!r}")
        if section.lines not in line_sets:
            lines_file = _find(folders, f"lines/{section.lines}.csv")
            line_sets[section.lines] = _read_lines(lines_file)
        sections.append(_section(path, section, line_sets[section.lines]))
    form = Form(
        code=shape.code,
        name=shape.name,
        version=shape.version,
        valid_from=shape.valid_from,
        valid_to=shape.valid_to,
        source=shape.source,
        cumulative=shape.cumulative,
        identification=shape.identification,
        offence_reference=shape.offence_reference,
        sections=tuple(sections),
        folders=folders,
    )
    _refuse_twice(file, "sections", (section.sheet for section in form.sections))
    return form


def _folders(file: Path, shape: _FormFile) -> Iterator[Path]:
    """The folder of a form, that which it is based on, that which this is based on, and so on."""
    yield file.parent
    seen = {file.parent.name}
    while shape.based_on:
        base = file.parent.parent / shape.based_on / "form.yml"
        if not base.exists() or shape.based_on in seen:
            raise _error(file, "based_on", f"no other folder {shape.based_on!r} beside this one")
        seen.add(shape.based_on)
        yield base.parent
        file, shape = base, read_record(base, _FormFile)


def _error(file: Path, key: str, problem: str) -> ContractError:
    return ContractError(": ".join(filter(None, (str(file), key, problem))))


def _find(folders: Iterable[Path], name: str) -> Path:
    candidates = [folder / name for folder in folders]
    return next((path for path in candidates if path.exists()), candidates[0])


def _section(file: Path, shape: _SectionFile, lines: tuple[Line, ...]) -> Section:
    _refuse_twice(file, "columns.number", (column.number for column in shape.columns))
    _refuse_twice(file, "columns.sheet_column", (column.sheet_column for column in shape.columns))
    return Section(
        code=shape.code,
        sheet=shape.sheet,
        title=shape.title,
        line_set=shape.lines,
        value=shape.value,
        layout=shape.layout,
        lines=lines,
        columns=tuple(
            FormColumn(
                number=column.number,
                sheet_column=column.sheet_column,
                name=column.name,
                header=shape.layout.header_path(column.sheet_column),
                unit=column.unit or shape.value.unit,
                integral=shape.value.integral if column.integral is None else column.integral,
            )
            for column in shape.columns
        ),
    )


def _read_lines(file: Path) -> tuple[Line, ...]:
    lines = tuple(
        Line(
            code=row.line_code,
            labels=(row.label_1, row.label_2, row.label_3),
            name=Names(ru=row.name_ru, kk=row.name_kk, en=row.name_en),
            article=row.article,
            chapter=row.chapter,
            parent=row.parent_line,
            offence=row.offence,
        )
        for row in read_table(file, _LineRow)
    )
    if not lines:
        raise _error(file, "", "no lines")
    _refuse_twice(file, "line_code", (line.code for line in lines))
    _refuse_twice(file, "offence", (line.offence for line in lines if line.offence is not None))
    _check_parents(file, lines)
    return lines


def _check_parents(file: Path, lines: tuple[Line, ...]) -> None:
    parents = {line.code: line.parent for line in lines}
    for line in lines:
        if line.parent is not None and line.parent not in parents:
            raise _error(file, f"line_code {line.code}", f"no parent_line {line.parent}")
        ancestors = {line.code}
        above = line.parent
        while above is not None:
            if above in ancestors:
                raise _error(file, f"line_code {line.code}", "parent_line runs in a circle")
            ancestors.add(above)
            above = parents[above]


def _with_inherited_names(form: Form, forms: Sequence[Form]) -> Form:
    """Check the offence of every line and take over the names of the reference section."""
    file, wanted = form.folders[0] / "form.yml", form.offence_reference
    if wanted is None:
        return form
    versions = [other for other in forms if other.code == wanted.form]
    if not versions:
        raise _error(file, "offence_reference.form", f"no form {wanted.form!r}")
    # An offence has one number in all versions; the names are those of the version itself, where
    # it has the offence, else of the newest that has it.
    reference: dict[int, Line] = {}
    for target in (*(other for other in versions if other != form), *({form} & set(versions))):
        if wanted.section not in target.section_index:
            raise _error(file, "offence_reference.section", f"no section {wanted.section!r}")
        lines_of_target = target.section(wanted.section).lines
        if nameless := [line.code for line in lines_of_target if line.offence is None]:
            problem = "an offence of the reference section needs a number that none had before"
            raise _error(target.folders[0] / "lines", f"line_code {nameless[0]}", problem)
        reference |= {line.offence: line for line in lines_of_target if line.offence is not None}
    lines = {
        section.line_set: tuple(
            _inherit(_find(form.folders, f"lines/{section.line_set}.csv"), line, reference)
            for line in section.lines
        )
        for section in {section.line_set: section for section in form.sections}.values()
    }
    return replace(form, sections=tuple(replace(s, lines=lines[s.line_set]) for s in form.sections))


def _inherit(file: Path, line: Line, reference: Mapping[int, Line]) -> Line:
    """Take kk and en from the reference line where the Russian name is the same."""
    if line.offence is None:
        return line
    if line.offence not in reference:
        raise _error(
            file, f"line_code {line.code}", f"no line {line.offence} in the offence reference"
        )
    other = reference[line.offence].name
    if other.ru != line.name.ru:
        return line
    return replace(
        line,
        name=Names(ru=line.name.ru, kk=line.name.kk or other.kk, en=line.name.en or other.en),
    )


def _refuse_twice(file: Path, key: str, values: Iterable[object]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise _error(file, key, f"{twice[0]!r} stands twice")


def _with_layouts(forms: Sequence[Form]) -> Iterator[Form]:
    """The forms, each version with what it takes over from the one before in its place."""
    before: Form | None = None
    for form in forms:
        if before is None or before.code != form.code:
            before = form
        else:
            if form.folders[1:2] not in ((), before.folders[:1]):
                raise _error(
                    form.folders[0] / "form.yml",
                    "based_on",
                    f"the version before is in folder {before.folders[0].name!r}",
                )
            before = with_moved_labels(succession(before, form))
        yield before


def _refuse_overlaps(forms: list[Form]) -> None:
    names = Counter((form.code, form.version) for form in forms)
    for form in forms:
        if names[form.code, form.version] > 1:
            raise _error(
                form.folders[0] / "form.yml",
                "version",
                f"{form.version!r} is the name of another version of {form.code} too",
            )
    for earlier, later in pairwise(forms):
        if earlier.code == later.code and earlier.valid_in(later.valid_from):
            raise _error(
                later.folders[0] / "form.yml",
                "valid_from",
                f"overlaps version {earlier.version!r}; end that one with valid_to",
            )
