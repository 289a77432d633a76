"""Control rules: each kind by hand, against a naive evaluator, and over the real workbooks."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.judge.control_rules import (
    breaches_by_section,
    compile_cross_rules,
    compile_rules,
    evaluate,
)
from warehouse.contracts import CONTRACTS_DIR
from warehouse.contracts.form_files import load_forms
from warehouse.contracts.forms import (
    Form,
    FormColumn,
    Identification,
    Layout,
    Line,
    OffenceReference,
    Section,
    Value,
)
from warehouse.contracts.rules import MassBreach, Rule, RuleBook, load_rule_book
from warehouse.core.records import ContractError
from warehouse.core.texts import Names

NAMES = Names(ru="имя", kk="атауы", en="name")
TEXT = {"ru": "правило", "kk": "ереже", "en": "rule"}
EVIDENCE = {"regions": 1, "comparisons": 1, "nonzero": 0, "broken": 0}


def section(
    code: str, offences: Mapping[int, int | None], columns: int, *, integral: bool = True
) -> Section:
    """A section with the given lines (code -> offence) and columns 1..n."""
    layout = Layout(
        header_row=1,
        column_number_row=2,
        first_data_row=3,
        label_columns=("A",),
        code_column="B",
        texts={"A1": "Наименование"},
    )
    return Section(
        code=code,
        sheet=code,
        title=NAMES,
        line_set=code,
        value=Value(unit="count", integral=integral),
        layout=layout,
        lines=tuple(
            Line(line, ("", "", ""), NAMES, "", None, None, offence)
            for line, offence in offences.items()
        ),
        columns=tuple(
            FormColumn(number, number + 2, NAMES, (), "count", integral)
            for number in range(1, columns + 1)
        ),
    )


def form(*sections: Section, code: str = "F") -> Form:
    return Form(
        code=code,
        name=NAMES,
        version="1",
        valid_from="2020-01",
        valid_to=None,
        source="",
        cumulative=True,
        identification=Identification(document_title_prefixes=(code,)),
        offence_reference=OffenceReference(form=code, section=sections[0].code),
        sections=sections,
        folders=(),
    )


def book(*rules: dict[str, Any], **limits: Any) -> RuleBook:
    common = {"op": "=", "name": TEXT, "holds": "exact", "evidence": EVIDENCE}
    made = [Rule.model_validate(common | {"id": f"T-{n}"} | r) for n, r in enumerate(rules)]
    return RuleBook(rules=tuple(made), **limits)


def same(*codes: int) -> dict[int, int | None]:
    return {code: code for code in codes}


class TestEachKindByHand:
    def test_a_line_is_compared_with_the_sum_of_lines_in_every_column(self) -> None:
        table = form(section("R", same(1, 2, 3), 2))
        rules = compile_rules(
            table, book({"kind": "lines", "sections": ["R"], "left": 1, "right": "2-3"})
        )
        outcome = evaluate(rules, np.array([5, 7, 2, 3, 3, 3.0]))
        assert outcome.left.tolist() == [5, 7]
        assert outcome.right.tolist() == [5, 6]
        assert outcome.ok.tolist() == [True, False]
        assert rules.place(int(rules.anchor[1]))[1:] == ("R", 1, 2)

    def test_a_column_is_compared_with_the_sum_of_columns_on_every_line(self) -> None:
        table = form(section("R", same(1, 2), 3))
        rules = compile_rules(
            table,
            book({"kind": "columns", "sections": ["R"], "left": 1, "op": ">=", "right": "2, 3"}),
        )
        outcome = evaluate(rules, np.array([5, 2, 3, 5, 3, 3.0]))
        assert outcome.right.tolist() == [5, 6]
        assert outcome.ok.tolist() == [True, False]

    def test_a_rule_can_be_limited_to_some_columns_and_some_lines(self) -> None:
        table = form(section("R", same(1, 2, 3), 3))
        by_line = {"kind": "lines", "sections": ["R"], "left": 1, "right": 2, "columns": "2-3"}
        by_column = {"kind": "columns", "sections": ["R"], "left": 1, "right": 2, "lines": "2-3"}
        rules = compile_rules(table, book(by_line, by_column))
        assert [rules.describe(n) for n in range(len(rules))] == [
            ("R [1] (2)", "R [2] (2)"),
            ("R [1] (3)", "R [2] (3)"),
            ("R [2] (1)", "R [2] (2)"),
            ("R [3] (1)", "R [3] (2)"),
        ]

    def test_minus_subtracts(self) -> None:
        table = form(section("R", same(1, 2, 3), 1))
        rule = {"kind": "lines", "sections": ["R"], "left": 1, "right": [2, "minus 3"]}
        outcome = evaluate(compile_rules(table, book(rule)), np.array([4, 9, 5.0]))
        assert outcome.right.tolist() == [4]
        assert outcome.ok.all()

    def test_sections_are_matched_by_offence_although_their_line_codes_differ(self) -> None:
        table = form(section("R", same(1, 2, 3), 2), section("P", {1: None, 2: 3}, 1))
        rule = {"kind": "sections", "lines": "offence all", "left": "R.2", "right": "P.1"}
        rules = compile_rules(table, book(rule))
        assert [rules.describe(n) for n in range(len(rules))] == [("R [3] (2)", "P [2] (1)")]
        assert evaluate(rules, np.array([0, 0, 0, 0, 0, 8, 1, 8.0])).ok.tolist() == [True]

    def test_columns_of_sections_run_in_parallel(self) -> None:
        table = form(section("R", same(1), 3), section("P", same(1), 3))
        rule = {"kind": "sections", "lines": "all", "left": "R.1-2", "right": "P.2-3"}
        rules = compile_rules(table, book(rule))
        assert [rules.describe(n) for n in range(len(rules))] == [
            ("R [1] (1)", "P [1] (2)"),
            ("R [1] (2)", "P [1] (3)"),
        ]

    def test_explicit_matches_sum_lines_and_several_sections(self) -> None:
        table = form(
            section("R", same(1, 2, 3), 1), section("P", same(1), 1), section("Q", same(1), 1)
        )
        rule = {
            "kind": "sections",
            "lines": [{"R": "2-3", "P": 1, "Q": 1}],
            "left": "R.1",
            "right": ["P.1", "minus Q.1"],
        }
        outcome = evaluate(compile_rules(table, book(rule)), np.array([0, 4, 5, 11, 2.0]))
        assert (outcome.left.tolist(), outcome.right.tolist()) == ([9], [9])

    def test_forms_are_compared_with_each_other(self) -> None:
        first = form(section("R", same(1), 1), code="A")
        second = form(section("R", same(1, 2), 1), code="B")
        rule = {
            "kind": "forms",
            "lines": [{"A/R": 1, "B/R": "offence 1, 2"}],
            "left": "A/R.1",
            "op": "<=",
            "right": "B/R.1",
        }
        rules = compile_cross_rules((first, second), book(rule))
        assert evaluate(rules, np.array([3.0, 1, 2])).ok.all()
        assert not evaluate(rules, np.array([4.0, 1, 2])).ok.any()
        assert rules.describe(0) == ("A R [1] (1)", "B R [1-2] (1)")

    def test_a_pair_is_left_out_where_a_sheet_does_not_list_the_offence(self) -> None:
        table = form(section("R", same(1, 2), 1), section("P", same(1), 1))
        rule = {
            "kind": "lines",
            "sections": ["R", "P"],
            "left": "offence 1",
            "right": "offence 2",
        }
        assert len(compile_rules(table, book(rule))) == 1


class TestValues:
    TABLE = form(section("R", same(1, 2), 1))
    RULE: ClassVar[dict[str, Any]] = {"kind": "lines", "sections": ["R"], "left": 1, "right": 2}

    def test_a_missing_value_makes_the_comparison_not_applicable(self) -> None:
        outcome = evaluate(compile_rules(self.TABLE, book(self.RULE)), np.array([np.nan, 2.0]))
        assert not outcome.applicable.any()
        assert outcome.ok.all()
        assert not outcome.nonzero.any()

    def test_files_are_evaluated_together_as_one_by_one(self) -> None:
        rules = compile_rules(self.TABLE, book(self.RULE))
        files = np.array([[1, 1], [1, 2], [np.nan, 2]])
        together = evaluate(rules, files)
        assert together.ok.shape == (1, 3)
        assert together.ok[:, 1].tolist() == evaluate(rules, files[1]).ok.tolist() == [False]

    def test_counts_are_compared_exactly_although_there_is_a_tolerance(self) -> None:
        rules = compile_rules(self.TABLE, book(self.RULE, tolerance=2))
        assert not evaluate(rules, np.array([1, 2.0])).ok.any()

    def test_money_may_differ_by_the_tolerance(self) -> None:
        table = form(section("R", same(1, 2), 1, integral=False))
        rules = compile_rules(table, book(self.RULE, tolerance=0.01))
        assert evaluate(rules, np.array([1.005, 1.0])).ok.all()
        assert not evaluate(rules, np.array([1.02, 1.0])).ok.any()

    def test_the_wrong_number_of_values_is_refused(self) -> None:
        with pytest.raises(ValueError, match="3 values for 2 coordinates"):
            evaluate(compile_rules(self.TABLE, book(self.RULE)), np.zeros(3))

    def test_a_mass_of_breaches_tells_the_damaged_sheet(self) -> None:
        table = form(section("R", same(1, 2), 4), section("P", same(1, 2), 4))
        rule = {"kind": "lines", "sections": ["R", "P"], "left": 1, "right": 2}
        limit = MassBreach(share=0.5, minimum=3)
        rules = compile_rules(table, book(rule, mass_breach=limit))
        good, bad, quiet = [1, 1, 1, 1] * 2, [1, 1, 1, 1, 2, 2, 1, 1], [1, 0, 0, 0] + [0] * 4
        assert breaches_by_section(
            rules, evaluate(rules, np.array(good + bad))
        ).damaged.tolist() == [
            False,
            True,
        ]
        found = breaches_by_section(rules, evaluate(rules, np.array(quiet + good)))
        assert found.checked.tolist() == [1, 4]
        assert found.broken.tolist() == [1, 0]
        assert found.damaged.tolist() == [False, False]


class TestARuleThatDoesNotFitIsRefused:
    @pytest.mark.parametrize(
        ("rule", "reason"),
        [
            ({"kind": "lines", "sections": ["R"], "left": 9, "right": 1}, "no line 9"),
            ({"kind": "columns", "sections": ["R"], "left": 9, "right": 1}, "no column 9"),
            ({"kind": "lines", "sections": ["X"], "left": 1, "right": 2}, "no section X"),
            ({"kind": "lines", "sections": ["R"], "left": "1..2", "right": 2}, "1..2"),
            (
                {"kind": "sections", "lines": "all", "left": "R.1-2", "right": "R.1"},
                "unequal numbers",
            ),
            (
                {"kind": "lines", "sections": ["R"], "left": "offence 7", "right": 2},
                "compares nothing",
            ),
            (
                {"kind": "sections", "lines": [{"R": 1}], "left": "R.1", "right": "P.1"},
                "those of section P",
            ),
        ],
    )
    def test_with_the_rule_and_the_reason(self, rule: dict[str, Any], reason: str) -> None:
        table = form(section("R", same(1, 2), 2), section("P", same(1), 1))
        with pytest.raises(ContractError, match=rf"T-0.*{reason}"):
            compile_rules(table, book(rule))


# Random small forms and rules against an evaluator that looks every cell up.
CODES = st.integers(1, 4)
SIDE = st.lists(st.tuples(st.sampled_from([1, -1]), CODES), min_size=1, max_size=3)
OPERATORS: Mapping[str, Any] = {
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


def written(side: Sequence[tuple[int, int]], before: str = "") -> list[str]:
    return [f"{'minus ' if sign < 0 else ''}{before}{code}" for sign, code in side]


@given(
    kind=st.sampled_from(["lines", "columns", "sections"]),
    left=SIDE,
    right=SIDE,
    op=st.sampled_from(sorted(OPERATORS)),
    numbers=st.lists(st.integers(0, 3), min_size=32, max_size=32),
)
@settings(max_examples=150, deadline=None)
def test_evaluation_agrees_with_looking_every_cell_up(
    kind: str,
    left: list[tuple[int, int]],
    right: list[tuple[int, int]],
    op: str,
    numbers: list[int],
) -> None:
    # The second sheet lists the same offences in the opposite order.
    table = form(section("R", same(1, 2, 3, 4), 4), section("P", {1: 4, 2: 3, 3: 2, 4: 1}, 4))
    cells = {
        (sheet, line, column): numbers[start + (line - 1) * 4 + column - 1]
        for sheet, start in (("R", 0), ("P", 16))
        for line in range(1, 5)
        for column in range(1, 5)
    }
    rule: dict[str, Any] = {"kind": kind, "op": op}
    expected = []
    for step in range(1, 5):
        if kind == "lines":
            rule |= {"sections": ["P"], "left": written(left), "right": written(right)}
            sums = [sum(s * cells["P", code, step] for s, code in side) for side in (left, right)]
        elif kind == "columns":
            rule |= {"sections": ["P"], "left": written(left), "right": written(right)}
            sums = [sum(s * cells["P", step, code] for s, code in side) for side in (left, right)]
        else:
            rule |= {
                "lines": "offence all",
                "left": written(left, "R."),
                "right": written(right, "P."),
            }
            sums = [
                sum(s * cells["R", step, code] for s, code in left),
                sum(s * cells["P", 5 - step, code] for s, code in right),
            ]
        expected.append(OPERATORS[op](*sums))
    rules = compile_rules(table, book(rule))
    assert evaluate(rules, np.array(numbers, dtype=float)).ok.tolist() == expected


def test_a_rule_added_as_data_works_at_once(tmp_path: Path) -> None:
    shutil.copytree(CONTRACTS_DIR / "forms", tmp_path / "forms")
    (tmp_path / "forms/1-M/rules/ours.yml").write_text(
        """
rules:
  - id: 1M-OURS
    kind: columns
    sections: [R2]
    lines: 1
    left: 8
    op: ">="
    right: 10
    name: {ru: правило, kk: ереже, en: rule}
    holds: exact
    evidence: {regions: 14, comparisons: 14, nonzero: 14, broken: 0}
""",
        encoding="utf-8",
    )
    table = next(f for f in load_forms(tmp_path) if f.code == "1-M")
    rules = compile_rules(table, load_rule_book(tmp_path / "forms/1-M"))
    values = np.zeros(rules.size)
    values[table.position("R2", 1, 10)] = 1
    broken = {
        rules.rules[rules.rule_index[n]].id for n in np.flatnonzero(~evaluate(rules, values).ok)
    }
    assert "1M-OURS" in broken
