"""Reference data that lies beside the checkout and is never committed."""

from pathlib import Path

import pytest

_OFFICIAL_FORMS = Path(__file__).resolve().parents[2] / "shared" / "official-forms"


def official_forms() -> Path:
    """Folder of the original workbooks (1-M/, SNG-1/); skips the test where there is none."""
    if not _OFFICIAL_FORMS.is_dir():
        pytest.skip("the original workbooks (shared/official-forms) are not beside the checkout")
    return _OFFICIAL_FORMS


def official_workbooks(form: str) -> list[Path]:
    """Original workbooks of a form, by name; empty where there are none (for parametrising)."""
    return sorted((_OFFICIAL_FORMS / form).glob("*.XLSX"))
