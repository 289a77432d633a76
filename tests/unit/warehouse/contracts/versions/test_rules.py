"""Control rules go on through a renumbering: the same workbook breaks the same rules."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingestion.judge.control_rules import CompiledRules, compile_rules, evaluate
from tests.tools.form_versions import Edits, NewVersion, Renumbering, read_lines
from warehouse.contracts import CONTRACTS_DIR, ContractError, Form, RuleBook, load_contracts
from warehouse.contracts.form_files import load_forms
from warehouse.contracts.rules import load_cross_rule_books, load_rule_book
from warehouse.contracts.versions.history import histories
from warehouse.contracts.versions.rules import Books, follow_books

pytestmark = pytest.mark.slow


class Renumbered:
    """1-М 2022 and 2026, the rules of both, and what became of the lines of each section."""

    def __init__(
        self, root: Path, lists: dict[str, Renumbering], ended: Sequence[str] = ()
    ) -> None:
        for form in ("1-M", "SNG-1"):
            shutil.copytree(CONTRACTS_DIR / "forms" / form, root / "forms" / form)
        version = NewVersion(root, "1-M", "2026", "2026-01", "2025-12").begin()
        self.lines: dict[str, Renumbering] = {}
        for line_set, made in lists.items():
            sections = [
                section.code
                for section in load_contracts().forms["1-M"].sections
                if section.line_set == line_set
            ]
            version.lines(line_set, sections, made, range(1001, 1100) if line_set == "R1" else ())
            self.lines |= dict.fromkeys(sections, made)
        version.ended["rules"] = [*ended]
        version.declare()
        self.root, self.forms = root, load_forms(root)

    def books(self) -> Books:
        written = {
            (form.code, form.version): load_rule_book(form.folders[0]) for form in self.forms
        }
        return follow_books(written, load_cross_rule_books(CONTRACTS_DIR), histories(self.forms))

    def renumber(
        self, earlier: Form, later: Form, values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The same figures on the later layout; new lines hold none."""
        found = np.zeros(len(later.coordinates))
        for section in later.sections:
            grid, before = later.grid(section.code), earlier.grid(section.code)
            old = earlier.section(section.code)
            for place, line in enumerate(section.lines):
                made = self.lines.get(section.code)
                for origin in made.later[line.code] if made else (line.code,):
                    found[grid[place]] += values[before[old.line_index[origin]]]
        return found


def breaches(
    rules: CompiledRules, values: NDArray[np.float64]
) -> Counter[tuple[str, float, float]]:
    """Every comparison with a side that is not zero: rule, left and right."""
    outcome = evaluate(rules, values)
    kept = np.flatnonzero(outcome.nonzero)
    ids = [rules.rules[index].id for index in rules.rule_index[kept]]
    return Counter(zip(ids, outcome.left[kept], outcome.right[kept], strict=True))


def renumbering(
    line_set: str,
    *,
    insert: Sequence[int] = (),
    move: tuple[int, int] | None = None,
    remove: int | None = None,
) -> Renumbering:
    old = [int(row["line_code"]) for row in read_lines(CONTRACTS_DIR / "forms" / "1-M", line_set)]
    edits = Edits.of(old)
    for place in insert:
        edits.insert_after(place)
    if move:
        edits.move(*move)
    if remove is not None:
        edits.remove(remove)
    return edits.done(old)


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    r1=st.lists(st.integers(20, 400), min_size=1, max_size=3),
    r5=st.integers(20, 380),
    seed=st.integers(0, 2**32),
)
def test_the_same_figures_break_the_same_rules_in_both_versions(
    tmp_path_factory: pytest.TempPathFactory, r1: list[int], r5: int, seed: int
) -> None:
    lists = {"R1": renumbering("R1", insert=sorted(r1)), "R5": renumbering("R5", insert=[r5])}
    here = Renumbered(tmp_path_factory.mktemp("rules"), lists)
    earlier, later = (form for form in here.forms if form.code == "1-M")
    books = here.books()
    random = np.random.default_rng(seed)
    values = random.integers(0, 900, len(earlier.coordinates)).astype(float)
    values[random.random(len(values)) < 0.9] = 0
    before = breaches(compile_rules(earlier, books.inner["1-M", "2022"]), values)
    moved = here.renumber(earlier, later, values)
    after = breaches(compile_rules(later, books.inner["1-M", "2026"]), moved)
    assert after == before


def lines_of(book: RuleBook, rule: str, section: str) -> set[str]:
    return {
        term
        for found in book.rules
        if found.id == rule and section in found.sections
        for pair in found.pairs
        for term in pair.right
    }


@pytest.fixture(scope="module")
def two_inserted(tmp_path_factory: pytest.TempPathFactory) -> Renumbered:
    lists = {name: renumbering(name, insert=[108, 108]) for name in ("R1", "PRIL6")}
    return Renumbered(tmp_path_factory.mktemp("two"), lists)


def test_a_new_article_joins_the_sum_of_its_chapter(two_inserted: Renumbered) -> None:
    later = two_inserted.forms[1]
    book = two_inserted.books().inner["1-M", "2026"]
    sums = lines_of(book, "1M-CHAPTER-ARTICLES", "R1")
    (property_,) = [t for t in sums if set(t.split(", ")) & {"108", "111"}]
    numbers = {int(number) for number in property_.split(", ")}
    assert {108, 109, 110, 111} <= numbers
    # The parts of theft (lines 110-116 before, 112-118 now) are no articles of the chapter.
    assert numbers.isdisjoint(range(112, 119))
    assert later.section("R1").line(111).name.ru == "Кража (ст.188)"


def test_rules_between_forms_follow_the_version_of_each_form(two_inserted: Renumbered) -> None:
    across = two_inserted.books().across
    matched = {
        version: next(
            r
            for r in across[0, (("SNG-1", "2022"), ("1-M", version))].rules
            if r.id == "SNG-1M-VEHICLES"
        ).lines
        for version in ("2022", "2026")
    }
    assert matched["2022"] == ({"SNG-1/R1": ("15",), "1-M/R1": ("113",)},)
    assert matched["2026"] == ({"SNG-1/R1": ("15",), "1-M/R1": ("115",)},)


def test_a_rule_of_a_gone_line_is_named_until_it_is_said_to_end(tmp_path: Path) -> None:
    # Line 113, theft of vehicles, which СНГ-1 is compared with.
    lists = {"R1": renumbering("R1", remove=112)}
    here = Renumbered(tmp_path / "unsaid", lists)
    with pytest.raises(ContractError, match=r"ended\.rules: .*SNG-1M-VEHICLES") as told:
        here.books()
    lost = [word.split(" (")[0] for word in str(told.value).split("follow: ")[1].split("; ")]
    ended = Renumbered(tmp_path / "said", lists, [name.strip() for name in lost]).books()
    book = ended.across[0, (("SNG-1", "2022"), ("1-M", "2026"))]
    assert "SNG-1M-VEHICLES" not in {rule.id for rule in book.rules}
    with pytest.raises(ContractError, match=r"ended\.rules: 1M-TOTAL-KINDS goes on"):
        Renumbered(tmp_path / "stale", lists, [*map(str.strip, lost), "1M-TOTAL-KINDS"]).books()


def test_a_rule_written_anew_takes_the_place_of_the_inherited_one(tmp_path: Path) -> None:
    here = Renumbered(tmp_path, {"R1": renumbering("R1", insert=[108])})
    base = load_rule_book(CONTRACTS_DIR / "forms" / "1-M")
    anew = (CONTRACTS_DIR / "forms" / "1-M" / "rules" / "lines.yml").read_text(encoding="utf-8")
    anew = anew[: anew.index("  - id: 1M-CRIMES-SEVERITY")].replace("left: 1\n", "left: 2-3\n")
    (here.root / "forms" / "1-M-2026" / "rules.yml").write_text(anew, encoding="utf-8")
    book = here.books().inner["1-M", "2026"]
    (rule,) = [rule for rule in book.rules if rule.id == "1M-TOTAL-KINDS"]
    assert rule.left == ("2-3",)
    assert {r.id for r in book.rules} == {r.id for r in base.rules}
    assert book.mass_breach == base.mass_breach


def test_codes_that_moved_are_not_matched_with_those_of_another_form(
    two_inserted: Renumbered,
) -> None:
    (written,) = load_cross_rule_books(CONTRACTS_DIR)
    rule = next(r for r in written.rules if r.id == "SNG-1M-VEHICLES")
    book = written.model_copy(update={"rules": (rule.model_copy(update={"lines": ("1-20",)}),)})
    with pytest.raises(ContractError, match="matches lines by code with another form"):
        follow_books(
            {(f.code, f.version): load_rule_book(f.folders[0]) for f in two_inserted.forms},
            (book,),
            histories(two_inserted.forms),
        )
