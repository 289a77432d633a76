import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.read.normalise import Reading, read_figure

GAPS = [" ", "\u00a0", "\u2009", "\u202f", "'"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 234", 1234),
        ("1\u00a0234", 1234),
        ("1\u2009234\u2009567", 1234567),
        ("1\u202f234,5", 1234.5),
        ("12,5", 12.5),
        ("0,125", 0.125),
        ("-1 234", -1234),
        ("\u22125", -5),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1,234.5", 1234.5),
    ],
)
def test_a_number_with_one_possible_reading_is_read(text: str, value: float) -> None:
    figure = read_figure(text)
    assert (figure.reading, figure.value) == (Reading.WRITTEN_AS_TEXT, value)


@pytest.mark.parametrize("text", ["5", " 5", "5\u00a0", "-5", "+5", "5.25"])
def test_a_plain_number_needs_no_remark_whatever_spaces_surround_it(text: str) -> None:
    assert read_figure(text).reading is Reading.PLAIN


@pytest.mark.parametrize("text", ["-", "–", "—", "х", "Х", "x", "…", "...", "н/д", "нет"])
def test_a_placeholder_is_not_taken_for_zero(text: str) -> None:
    figure = read_figure(text)
    assert (figure.reading, figure.value) == (Reading.PLACEHOLDER, None)


def test_a_comma_before_three_digits_is_left_to_the_clerk() -> None:
    figure = read_figure("1,234")
    assert figure.reading is Reading.AMBIGUOUS
    assert figure.choices == ("1234", "1.234")


@pytest.mark.parametrize(
    "text",
    [
        "уточняется",
        "12 тыс.",
        "12 34",
        "1 2345",
        "nan",
        "inf",
        "1e5",
        "12¹",
        "１２",
        "5%",
        "(5)",
        "0x1F",
        "--5",
    ],
)
def test_what_is_no_number_is_not_read(text: str) -> None:
    figure = read_figure(text)
    assert (figure.reading, figure.value) == (Reading.NOT_A_NUMBER, None)


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u2009", "\t\n"])
def test_spaces_alone_are_a_blank_cell(text: str) -> None:
    assert read_figure(text).reading is Reading.BLANK


@given(st.integers(min_value=-(10**12), max_value=10**12), st.sampled_from(GAPS))
def test_grouping_by_any_gap_never_changes_an_integer(number: int, gap: str) -> None:
    assert read_figure(f"{number:,}".replace(",", gap)).value == number


@given(st.integers(0, 10**9), st.integers(0, 99), st.sampled_from(GAPS))
def test_a_decimal_comma_after_grouped_thousands_keeps_the_value(
    whole: int, hundredths: int, gap: str
) -> None:
    text = f"{whole:,}".replace(",", gap) + f",{hundredths:02d}"
    assert read_figure(text).value == pytest.approx(whole + hundredths / 100)


@given(st.text(max_size=20))
def test_any_text_gets_an_answer_and_a_value_only_when_it_is_a_number(text: str) -> None:
    figure = read_figure(text)
    has_value = figure.reading in (Reading.PLAIN, Reading.WRITTEN_AS_TEXT)
    assert (figure.value is not None) == has_value
    if has_value:
        assert any(character.isdigit() for character in text)
