"""Excel addresses as numbers: rows and columns are 1-based."""

import re

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


def sheet_column_number(letters: str) -> int:
    """A -> 1, AA -> 27. Raises ValueError for anything but Latin capitals."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError(f"{letters!r} is not a column; write it in Latin capitals, as in Excel")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_position(address: str) -> tuple[int, int]:
    """B7 -> (7, 2): row and column. Raises ValueError."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is not a cell address such as B7")
    return int(match[2]), sheet_column_number(match[1])
