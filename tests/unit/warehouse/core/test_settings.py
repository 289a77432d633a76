from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from warehouse.core.clock import as_utc, period_month, utc_now
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MVD_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_lies_in_data_unless_told_otherwise(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.paths.root == tmp_path / "data"
    assert settings.ledger == f"sqlite:///{tmp_path}/data/ledger.sqlite"
    assert settings.language == "ru"


def test_the_environment_sets_and_a_keyword_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MVD_HOME", "/srv/mvd")
    monkeypatch.setenv("MVD_THREADS", "3")
    assert load_settings().paths.lake == Path("/srv/mvd/lake")
    settings = load_settings(home=Path("/elsewhere"), threads=None)
    assert (settings.paths.root, settings.threads) == (Path("/elsewhere"), 3)


def test_settings_cannot_be_changed_later() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().threads = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MVD_MEMORY_LIMIT", "plenty"),
        ("MVD_THREADS", "0"),
        ("MVD_LANGUAGE", "de"),
        ("MVD_SQL_TIMEOUT_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError) as raised:
        load_settings()
    assert raised.value.code == "SETTING_INVALID"
    assert variable in raised.value.text("kk")
    assert value in raised.value.text("en")


def test_a_misspelt_variable_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MVD_MEMORY_LIMITS", "1GB")
    with pytest.raises(UserError, match="MVD_MEMORY_LIMIT"):
        load_settings()


def test_variables_of_other_parts_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MVD_PORTAL_ADDRESS", "127.0.0.1")
    assert load_settings().language == "ru"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(UserError, match="MVD_COLOUR"):
        load_settings(colour="red")


def test_a_home_is_absolute(tmp_path: Path) -> None:
    assert Home(Path("data")).current == tmp_path / "data" / "current"


def test_periods_are_months() -> None:
    assert period_month("2022-12") == date(2022, 12, 1)


@pytest.mark.parametrize(
    "value",
    [
        *("2022-13", "2022-00", "2022-1", "22-01", "2022-01-01", "", "0000-01", "2022-01\n"),
        *("9999-12", "0001-01", "1899-12", "2200-01", "２０２２-12", "٢٠٢٢-١٢", "9" * 10_000),
    ],
)
def test_anything_else_is_no_period(value: str) -> None:
    with pytest.raises(UserError, match="PERIOD_INVALID"):
        period_month(value)


def test_times_are_utc_and_never_without_a_zone() -> None:
    astana = datetime(2025, 7, 1, 3, 0, tzinfo=timezone(timedelta(hours=5)))
    assert as_utc(astana).isoformat() == "2025-06-30T22:00:00+00:00"
    assert utc_now().tzinfo is UTC
    with pytest.raises(ValueError, match="no time zone"):
        as_utc(datetime(2025, 7, 1))  # noqa: DTZ001


def test_a_setting_may_lie_in_a_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mvd_ledger_url").write_text("postgresql+psycopg://u:p@h/ledger\n")
    monkeypatch.setenv("MVD_SECRETS_DIR", str(tmp_path))
    assert load_settings().ledger == "postgresql+psycopg://u:p@h/ledger"
    monkeypatch.setenv("MVD_LEDGER_URL", "sqlite:////srv/ledger.sqlite")
    assert load_settings().ledger == "sqlite:////srv/ledger.sqlite"


def test_a_folder_of_secrets_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MVD_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="MVD_SECRETS_DIR"):
        load_settings()
