"""docs/control-rules.md, made from the rules: `python -m warehouse.published.rules_page`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.forms import Form
from warehouse.contracts.rules import Rule, RuleBook, expand, forms_of

_INSTANCES_SHOWN = 3

_HEAD = """\
# Control rules

Made from `contracts/forms/*/rules*` by `python -m warehouse.published.rules_page`; do not edit.

A control rule says what the lines, columns, sections and forms must be to each other, because the
words of the form say so. Rules are data: a new rule is a new entry in
`contracts/forms/<form>/rules/*.yml` (inside a form) or `contracts/forms/cross/*.yml` (form against
form). Each rule was verified on the real workbooks of 14 regions for the twelve months of 2022;
its evidence is recorded beside it, and a test measures it again.

## How a rule is written

| field | meaning |
| --- | --- |
| `id`, `name`, `because` | stable name; text for the clerk in ru, kk, en; the words of the form that justify it |
| `kind: lines` | in every column of `columns` (default all) of `sections`: sum of `left` lines OP sum of `right` lines |
| `kind: columns` | on every line of `lines` (default all) of `sections`: sum of `left` columns OP sum of `right` columns |
| `kind: sections` | cells of several sections: `left` and `right` are terms `SECTION.columns`; `lines` matches the lines |
| `kind: forms` | the same with terms `FORM/SECTION.columns`, for one territory and period |
| `op` | `=`, `>=`, `<=`: left OP right |
| `instances` | several pairs of `left` and `right` under one rule |
| `severity` | `warning` (default) or `error` |
| `holds`, `evidence` | `exact` or `nearly`, and what was measured |

Lines and columns are written `1`, `4-7`, `"2-4, 6-31"`, `all`; a list is a sum, `minus 3` subtracts.
`offence 14-47` names lines by the line of section 1 that stands for the same offence, as line codes
differ between sheets; where a sheet does not list one of the offences, the pair is left out there.
In `sections` and `forms` the columns of all terms run in parallel: `R1.6-8` against `R1-1.7-9` makes
three pairs. There `lines` is `offence all`, `offence 13-422`, `all` (same line codes), or a list of
explicit matches such as `{R1: [6, 7], PRIL11: 1}`.

A comparison with a missing figure is not made. Counts are compared exactly, money within
`tolerance`. Broken rules are warnings, as the official reports break them now and then themselves;
`mass_breach` says when the breaches on a sheet are so many that it must be damaged, which is an
error.
"""  # noqa: E501 (tables of Markdown)


def render(contracts: Contracts) -> str:
    """Give the whole document as Markdown."""
    parts: list[str] = [_HEAD]
    for form in contracts.forms.values():
        book = contracts.rule_books[form]
        parts.append(f"\n## Form {form.name.ru}\n")
        parts.append("\n".join(_coverage(form, book, contracts)) + "\n")
        parts.append("\n".join(_rules(book.rules)) + "\n")
    parts.append("\n## Form against form\n")
    parts.append("\n".join(_rules(_across(contracts))) + "\n")
    return "\n".join(parts)


def guarded(forms: Sequence[Form], rules: Sequence[Rule]) -> NDArray[np.int64]:
    """In how many rules each coordinate of `forms`, laid end to end, takes part."""
    counts = np.zeros(sum(len(form.coordinates) for form in forms), dtype=np.int64)
    for rule in rules:
        used = np.zeros(len(counts), dtype=np.bool_)
        for comparisons in expand(rule, forms):
            for _, positions in chain(comparisons.left, comparisons.right):
                used[positions] = True
        counts += used
    return counts


def _coverage(form: Form, book: RuleBook, contracts: Contracts) -> Iterator[str]:
    equalities = tuple(rule for rule in book.rules if rule.op == "=")
    columns = (
        guarded((form,), book.rules),
        guarded((form,), equalities),
        _guarded_across(form, contracts),
    )
    yield "Share of the coordinates of each sheet that take part in at least one rule:\n"
    yield "| sheet | coordinates | any rule | an equality | a rule with another form |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for section, start, end in zip(form.sections, form.offsets, form.offsets[1:], strict=False):
        shares = [f"{float((counts[start:end] > 0).mean()):.1%}" for counts in columns]
        yield f"| {section.code} | {section.size} | {' | '.join(shares)} |"


def _across(contracts: Contracts) -> tuple[Rule, ...]:
    """The rules of form against form in the numbers of the newest versions."""
    return tuple(
        rule
        for number, book in enumerate(contracts.cross_rule_books)
        for rule in contracts.cross_rule_book(
            number, [contracts.forms[code] for code in forms_of(book)]
        ).rules
    )


def _guarded_across(form: Form, contracts: Contracts) -> NDArray[np.int64]:
    forms = tuple(contracts.forms.values())
    start = sum(len(other.coordinates) for other in forms[: forms.index(form)])
    return guarded(forms, _across(contracts))[start : start + len(form.coordinates)]


def _rules(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| rule | what is compared | text | why | comparisons (non-zero) | broken |"
    yield "| --- | --- | --- | --- | ---: | --- |"
    for rule in rules:
        found = rule.evidence
        broken = "0" if found else "not yet tried on real figures"
        if found and found.broken:
            broken = (
                f"{found.broken} in {found.broken_regions} of {found.regions} regions, "
                f"by {found.largest_difference:g} at most"
            )
        cells = (
            f"`{rule.id}`" + (" (error)" if rule.severity == "error" else ""),
            _operands(rule),
            rule.name.ru,
            rule.because,
            f"{found.comparisons} ({found.nonzero})" if found else "—",
            broken,
        )
        yield "| " + " | ".join(cells) + " |"


def _operands(rule: Rule) -> str:
    pairs = [f"{' + '.join(p.left)} {rule.op} {' + '.join(p.right)}" for p in rule.pairs]
    text = "; ".join(pairs[:_INSTANCES_SHOWN])
    if len(pairs) > _INSTANCES_SHOWN:
        text += f"; … ({len(pairs)} pairs)"
    place = ", ".join(rule.sections)
    return f"{rule.kind} {place}: {text}" if place else f"{text}; lines {_lines(rule)}"


def _lines(rule: Rule) -> str:
    shown = [
        _match(entry) if isinstance(entry, Mapping) else entry
        for entry in rule.lines[:_INSTANCES_SHOWN]
    ]
    more = f", … ({len(rule.lines)})" if len(rule.lines) > _INSTANCES_SHOWN else ""
    return ", ".join(shown) + more


def _match(entry: Mapping[str, Sequence[str]]) -> str:
    return " ~ ".join(f"{section} {' + '.join(terms)}" for section, terms in entry.items())


if __name__ == "__main__":
    sys.stdout.write(render(load_contracts()))
