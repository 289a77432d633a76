from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.read.normalise import Reading
from ingestion.tables.quantities import read_quantity, unit_factors
from warehouse.contracts import load_contracts

WORDS = load_contracts().tables
COUNTS = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("12 тыс.", "count", 12_000),
        ("12 мың", "count", 12_000),
        ("1,5 млн", "tenge", 1_500_000),
        ("1,8 т", "kg", 1_800),
        ("432 г", "kg", 0.432),
        ("432 грамм", "kg", 0.432),
        ("5 ц", "kg", 500),
        ("7 чел.", "persons", 7),
        ("7 адам", "persons", 7),
        ("3 шт", "count", 3),
        ("12 тыс. тенге", "thousand_tenge", 12),
        ("2,5 млн тг", "thousand_tenge", 2_500),
        ("1 200 кг", "kg", 1_200),
        ("125¹", "count", 125),
        ("125*", "count", 125),
        ("125 1)", "count", 125),
    ],
)
def test_one_reading_is_read(text: str, unit: str, value: float) -> None:
    quantity = read_quantity(text, unit, WORDS)
    assert quantity.figure.value == value
    assert quantity.note is not None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("5 кг", "count"),
        ("7 чел.", "kg"),
        ("3 т", "tenge"),
        ("12 рейдов", "count"),
        ("в 2 р.", "count"),
        ("12-15", "count"),
        ("+101%", "count"),
        ("12 (10)", "count"),
        ("тыс.", "count"),
        ("12 тыс. млн", "count"),
    ],
)
def test_what_is_of_another_kind_is_no_number(text: str, unit: str) -> None:
    assert read_quantity(text, unit, WORDS).figure.reading is Reading.NOT_A_NUMBER


def test_a_comma_before_three_digits_leaves_two_readings_in_the_unit_of_the_column() -> None:
    figure = read_quantity("1,234 т", "kg", WORDS).figure
    assert (figure.reading, figure.choices) == (Reading.AMBIGUOUS, ("1234000", "1234"))


def test_thousands_in_a_column_of_thousands_leave_two_readings() -> None:
    figure = read_quantity("12 тыс.", "thousand_tenge", WORDS).figure
    assert (figure.reading, figure.choices) == (Reading.AMBIGUOUS, ("12000", "12"))


def test_the_unit_of_the_header_counts_unless_the_cell_names_its_own() -> None:
    assert read_quantity("1,5", "kg", WORDS, column=1000).figure.value == 1500
    assert read_quantity("1,5 кг", "kg", WORDS, column=1000).figure.value == 1.5


@given(COUNTS)
def test_plain_numbers_are_untouched(number: int) -> None:
    quantity = read_quantity(str(number), "count", WORDS)
    assert (quantity.figure.value, quantity.note) == (number, None)


@given(st.integers(0, 10**6), st.sampled_from(sorted(WORDS.units["kg"].factors)))
def test_a_unit_multiplies_by_its_factor(number: int, word: str) -> None:
    figure = read_quantity(f"{number} {word}", "kg", WORDS).figure
    assert figure.value == pytest.approx(number * WORDS.units["kg"].factors[word])


@given(st.text(max_size=20))
def test_any_text_gets_one_answer(text: str) -> None:
    quantity = read_quantity(text, "kg", WORDS)
    known = quantity.figure.reading in (Reading.PLAIN, Reading.WRITTEN_AS_TEXT)
    assert (quantity.figure.value is not None) == known


@given(st.text(max_size=20), st.sampled_from(sorted(WORDS.units)))
def test_factors_are_positive(text: str, unit: str) -> None:
    assert all(factor > 0 for factor in unit_factors(text, unit, WORDS))
