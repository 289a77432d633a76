"""What Superset's environment has to write down again is what the rest of the project says."""

from dataclasses import asdict
from pathlib import Path

import pytest

from dashboards import database
from dashboards.compile.bundle import datasets
from dashboards.names import SPOKEN
from dashboards.superset import mail
from portal.settings import MailSettings, PortalSettings
from warehouse.core.errors import UserError
from warehouse.core.settings import RENAMED, load_settings
from warehouse.core.texts import LANGUAGES
from warehouse.releases import marts

PROJECT = Path(database.__file__).parents[1]


def test_the_file_of_a_release_and_its_languages_are_those_of_the_product() -> None:
    assert database.FILE == marts.DATABASE
    assert SPOKEN == LANGUAGES


MAIL = {
    "MVD_SMTP_HOST": "mail.example.kz",
    "MVD_SMTP_PORT": "587",
    "MVD_SMTP_STARTTLS": "true",
    "MVD_SMTP_USER": "mvd",
    "MVD_SMTP_SENDER": "figures@example.kz",
}


def test_the_desk_and_the_dashboards_read_the_same_mail_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("a secret\n", encoding="utf-8")
    given = {**MAIL, "MVD_SMTP_PASSWORD_FILE": str(tmp_path / "password")}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    desk = PortalSettings().mail
    names = ("host", "port", "starttls", "user", "password", "sender")
    read = {name: getattr(desk, name) for name in names}
    # Variables of others, such as the USER of a shell, say nothing about letters.
    assert asdict(mail.settings({**given, "USER": "root", "HOST": "here", "FROM": "x"})) == read
    assert read == {
        "host": "mail.example.kz",
        "port": 587,
        "starttls": True,
        "user": "mvd",
        "password": "a secret",
        "sender": "figures@example.kz",
    }
    assert {f"MVD_SMTP_{name.upper()}" for name in MailSettings.model_fields} == given.keys()


def test_what_is_not_set_means_the_same_to_both() -> None:
    desk, superset = MailSettings(), mail.settings({})
    for name in ("port", "starttls", "user", "password", "sender"):
        assert getattr(desk, name) == getattr(superset, name)


@pytest.mark.parametrize("old", RENAMED)
def test_a_setting_under_its_old_name_is_refused_with_the_new_one(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(old, "1")
    with pytest.raises(UserError, match="SETTING_RENAMED") as told:
        load_settings()
    for language in LANGUAGES:
        assert old in told.value.text(language)
        assert RENAMED[old] in told.value.text(language)


def test_the_dashboards_refuse_the_old_names_that_they_had() -> None:
    assert mail.RENAMED.items() <= RENAMED.items()
    for old, new in mail.RENAMED.items():
        with pytest.raises(ValueError, match=new):
            mail.settings({old: "1"})


def test_coverage_is_ordered_by_the_precedence_of_the_marts() -> None:
    macros = (PROJECT / "dbt_project" / "macros" / "dates.sql").read_text(encoding="utf-8")
    body = macros.partition("{% macro precedence(periods, territories) -%}")[2]
    formula = body.partition("{%- endmacro %}")[0].strip()
    written = formula.replace("{{ periods }}", "periods").replace(
        "{{ territories }}", "territories"
    )
    assert "depth" in written
    assert f"{written} as precedence" in datasets()["coverage"]["sql"]
