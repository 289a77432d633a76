"""Control rules of one version of a form, written in the numbers of the next.

A sum that named all the lines under a line goes on naming all of them: a new line under the same
line joins it, a gone one leaves it. What cannot be told any more is an error that names the rule.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.contracts.forms import Section
from warehouse.contracts.rules import (
    ROWS_OF_TABLE,
    Instance,
    Rule,
    RuleBook,
    Terms,
    as_numbers,
    cell_terms,
    forms_of,
)
from warehouse.contracts.versions.changes import Succession
from warehouse.contracts.versions.crosswalk import Crosswalk, LostError
from warehouse.contracts.versions.history import History
from warehouse.core.records import ContractError


class _LostRuleError(Exception):
    """A rule that cannot be told in the later version."""


@dataclass(frozen=True)
class _Sheet:
    """One section in both versions."""

    before: Section
    after: Section
    lines: Crosswalk
    columns: Crosswalk


Names = Mapping[str, _Sheet | None]
"""The sections of the form by the name that rules give them; None for one that is gone."""
LostRules = dict[Path, dict[str, str]]
Versions = tuple[tuple[str, str], ...]
"""Form and version, for each form of a book of form against form."""
CrossBooks = Mapping[tuple[int, Versions], RuleBook]
"""By place of the book and the versions of its forms."""


class Books(NamedTuple):
    """The rules of every version, and those of form against form by the versions of the forms."""

    inner: Mapping[tuple[str, str], RuleBook]
    across: CrossBooks


def follow_books(
    written: Mapping[tuple[str, str], RuleBook],
    cross: Sequence[RuleBook],
    histories: Mapping[str, History],
) -> Books:
    """The rules of all versions. `written` are those in the folder of each version, by form and
    version. Rules that a table, or a version based on the one before, does not write anew follow.

    Raises ContractError for a rule that a version cannot tell although `ended` does not name it.
    """
    lost: LostRules = defaultdict(dict)
    inner: dict[tuple[str, str], RuleBook] = {}
    for history in histories.values():
        for place, form in enumerate(history.versions):
            book = written[form.code, form.version]
            if place and (form.is_table or len(form.folders) > 1):
                step = history.successions[place - 1]
                base = inner[form.code, step.earlier.version]
                book = _joined(book, _follow(base, step, "", {r.id for r in book.rules}, lost))
            inner[form.code, form.version] = book
    across = {
        (number, versions): book
        for number, original in enumerate(cross)
        for versions, book in _across(original, histories, lost)
    }
    for history in histories.values():
        for step in history.successions:
            _check_ended(step, lost[step.file])
    return Books(inner, across)


def _joined(own: RuleBook, inherited: RuleBook) -> RuleBook:
    return RuleBook(
        tolerance=own.tolerance or inherited.tolerance,
        mass_breach=own.mass_breach or inherited.mass_breach,
        rules=(*inherited.rules, *own.rules),
    )


def _across(
    book: RuleBook, histories: Mapping[str, History], lost: LostRules
) -> Iterator[tuple[Versions, RuleBook]]:
    """A book of form against form for each combination of versions."""
    found: list[tuple[Versions, RuleBook]] = [((), book)]
    for code in forms_of(book):
        history = histories[code]
        combined = []
        for versions, each in found:
            current = each
            for place, form in enumerate(history.versions):
                if place:
                    step = history.successions[place - 1]
                    current = _follow(current, step, f"{code}/", set(), lost)
                combined.append(((*versions, (code, form.version)), current))
        found = combined
    yield from found


def _follow(
    book: RuleBook, step: Succession, prefix: str, anew: set[str], lost: LostRules
) -> RuleBook:
    names: dict[str, _Sheet | None] = {prefix + s.code: None for s in step.earlier.sections}
    for code, walk in step.lines.items():
        before, after = step.earlier.section(code), step.later.section(code)
        names[prefix + code] = _Sheet(before, after, walk, step.columns[code])
    rules: list[Rule] = []
    for rule in book.rules:
        if rule.id in anew:
            continue
        try:
            rules += _followed(rule, names)
        except (_LostRuleError, LostError) as error:
            lost[step.file][rule.id] = str(error)
    return book.model_copy(update={"rules": tuple(rules)})


def _check_ended(step: Succession, lost: Mapping[str, str]) -> None:
    said = set(step.changes.ended.rules)
    if unsaid := sorted(set(lost) - said):
        named = "; ".join(f"{rule} ({lost[rule]})" for rule in unsaid)
        raise ContractError(
            f"{step.file}: ended.rules: these rules do not follow: {named}. Write each anew in the"
            " numbers of this version, or name it here"
        )
    if stale := sorted(said - set(lost)):
        raise ContractError(f"{step.file}: ended.rules: {', '.join(stale)} goes on")


def _followed(rule: Rule, names: Names) -> list[Rule]:
    """The rule in the later version, in as many parts as its sections differ."""
    if rule.kind in ("sections", "forms"):
        return [_across_sections(rule, names)]
    by_update: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for name in rule.sections:
        sheet = names[name]
        if sheet is not None:
            by_update[_within_section(rule, sheet)].append(name)
    if not by_update:
        raise _LostRuleError(f"section {', '.join(rule.sections)} is gone")
    keys = ("left", "right", "instances", "lines", "columns")
    return [
        rule.model_copy(update={"sections": tuple(codes), **dict(zip(keys, update, strict=True))})
        for update, codes in by_update.items()
    ]


def _within_section(rule: Rule, sheet: _Sheet) -> tuple[Any, ...]:
    if rule.kind == "lines":
        sums = _pairs(rule, lambda terms: _line_sum(terms, sheet))
        return (*sums, rule.lines, _each_column(rule.columns, sheet.columns))
    sums = _pairs(rule, lambda terms: _column_sum(terms, sheet.columns))
    return (*sums, _each_line(rule.lines, sheet), rule.columns)


def _pairs(
    rule: Rule, follow: Callable[[Terms], Terms]
) -> tuple[Terms | None, Terms | None, tuple[Instance, ...]]:
    """`left`, `right` and `instances` with every sum followed."""
    pairs = [Instance(left=follow(p.left), right=follow(p.right)) for p in rule.pairs]
    if rule.left is None:
        return None, None, tuple(pairs)
    return pairs[0].left, pairs[0].right, ()


def _across_sections(rule: Rule, names: Names) -> Rule:
    left, right, instances = _pairs(rule, lambda terms: _cells(terms, names))
    compared = {
        term.section for pair in rule.pairs for term in cell_terms((*pair.left, *pair.right))
    }
    used = compared & names.keys()
    has_others = used != compared
    sheets = {name: _present(name, names) for name in sorted(used)}
    lines: list[Any] = []
    for entry in rule.lines:
        if isinstance(entry, str):
            lines.append(_matched(entry, list(sheets.values()), has_others=has_others))
        else:
            lines.append(
                {
                    name: _line_sum(terms, sheets[name]) if name in sheets else terms
                    for name, terms in entry.items()
                }
            )
    update = {"left": left, "right": right, "instances": instances, "lines": tuple(lines)}
    return rule.model_copy(update=update)


def _present(name: str, names: Names) -> _Sheet:
    sheet = names[name]
    if sheet is None:
        raise _LostRuleError(f"section {name} is gone")
    return sheet


def _cells(terms: Terms, names: Names) -> Terms:
    found = []
    for term in cell_terms(terms):
        if term.section in names:
            walk = _present(term.section, names).columns
            columns = [_one(number, walk) for number in term.columns]
        else:
            columns = list(term.columns)
        sign = "minus " if term.sign < 0 else ""
        found.append(f"{sign}{term.section}.{','.join(map(str, columns))}")
    return tuple(found)


def _one(column: int, walk: Crosswalk) -> int:
    try:
        (found,) = walk.follow([column])
    except (LostError, ValueError) as error:
        raise _LostRuleError(f"column {column} is not one column any more") from error
    return found


def _matched(entry: str, sheets: Sequence[_Sheet], *, has_others: bool) -> str:
    """Lines that stand for the same in several sections, by offence or by code."""
    _, by_offence, numbers = as_numbers(entry)
    if by_offence and numbers is not None:
        joining = {offence for sheet in sheets for offence in _joining_offences(numbers, sheet)}
        return _written(1, {*numbers, *joining}, "offence ")
    if by_offence or all(sheet.lines.is_identity for sheet in sheets):
        return entry
    if has_others:
        raise _LostRuleError("it matches lines by code with another form")
    if len({frozenset(sheet.lines.steps) for sheet in sheets}) > 1:
        raise _LostRuleError("it matches lines by code, and the sections change differently")
    return _each_line((entry,), sheets[0])[0]


def _joining_offences(numbers: Iterable[int], sheet: _Sheet) -> Iterator[int]:
    wanted = set(numbers)
    lines = {line.code for line in sheet.after.lines if line.offence in wanted}
    for number in _joining(lines, sheet):
        if (offence := sheet.after.line(number).offence) is not None:
            yield offence


def _line_sum(terms: Terms, sheet: _Sheet) -> Terms:
    """A signed sum of lines; lines that the section did not list stay unlisted."""
    if sheet.lines.is_identity or terms[0] in ROWS_OF_TABLE:
        return terms
    sums = _by_sign(terms, sheet.before)
    return terms if sums is None else tuple(_followed_sums(sums, sheet))


def _followed_sums(sums: Mapping[int, set[int]], sheet: _Sheet) -> Iterator[str]:
    for sign, lines in sums.items():
        remaining = lines - _leaving(lines, sheet)
        found = set(sheet.lines.follow(remaining))
        yield _written(sign, found | _joining(found, sheet))


def _each_line(terms: Sequence[Any], sheet: _Sheet) -> Terms:
    """Lines that are looked at one by one: those that are lost need no look."""
    if sheet.lines.is_identity:
        return tuple(terms)
    sums = _by_sign(tuple(terms), sheet.before)
    if sums is None:
        return tuple(terms)
    found = set(_kept(sums[1], sheet.lines))
    if not found:
        raise _LostRuleError("its lines are gone")
    return (_written(1, found | _joining(found, sheet)),)


def _each_column(terms: Terms, walk: Crosswalk) -> Terms:
    if walk.is_identity or terms == ("all",):
        return terms
    numbers = {n for term in terms for n in as_numbers(term)[2] or ()}
    found = set(_kept(numbers, walk))
    if not found:
        raise _LostRuleError("its columns are gone")
    return (_written(1, found),)


def _kept(numbers: set[int], walk: Crosswalk) -> Iterator[int]:
    for step in walk.steps:
        if step.earlier and step.earlier <= numbers:
            yield from step.later


def _column_sum(terms: Terms, walk: Crosswalk) -> Terms:
    if walk.is_identity or terms == ("all",):
        return terms
    found = []
    for term in terms:
        sign, _, numbers = as_numbers(term)
        columns = walk.follow(numbers or ())
        between = range(min(columns), max(columns))
        if among := sorted(walk.new.intersection(between)):
            raise _LostRuleError(f"new column {among[0]} stands among those of the sum {term}")
        found.append(_written(sign, columns))
    return tuple(found)


def _by_sign(terms: Terms, section: Section) -> dict[int, set[int]] | None:
    """Line codes by sign; None where all lines are meant or the section lacks an offence."""
    offences = {line.offence: line.code for line in section.lines if line.offence is not None}
    sums: dict[int, set[int]] = defaultdict(set)
    for sign, by_offence, numbers in map(as_numbers, terms):
        if numbers is None or (by_offence and not offences.keys() >= set(numbers)):
            return None
        sums[sign] |= {offences[n] for n in numbers} if by_offence else set(numbers)
    return sums


def _leaving(lines: set[int], sheet: _Sheet) -> set[int]:
    """Gone lines of a sum that named all the lines under their parent."""
    gone = {n for step in sheet.lines.steps if not step.later for n in step.earlier} & lines
    children = _children(sheet.before)
    siblings = {number: children[sheet.before.line(number).parent] for number in gone}
    return {n for n in gone if len(siblings[n]) > 1 and siblings[n] <= lines}


def _joining(lines: set[int], sheet: _Sheet) -> set[int]:
    """New lines under a parent all of whose other lines a sum names."""
    children = _children(sheet.after)
    joining = set()
    for number in sheet.lines.new:
        others = children[sheet.after.line(number).parent] - sheet.lines.new
        if len(others) > 1 and others <= lines:
            joining.add(number)
    return joining


def _children(section: Section) -> dict[int | None, set[int]]:
    found: dict[int | None, set[int]] = defaultdict(set)
    for line in section.lines:
        if line.parent is not None:
            found[line.parent].add(line.code)
    return found


def _written(sign: int, numbers: Iterable[int], prefix: str = "") -> str:
    return ("minus " if sign < 0 else "") + prefix + ", ".join(map(str, sorted(numbers)))
