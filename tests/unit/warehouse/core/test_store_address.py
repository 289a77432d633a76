"""The address of the object store is one setting, and what cannot be meant is refused."""

from pathlib import Path

import pytest

from warehouse.core.errors import UserError
from warehouse.core.settings import load_settings
from warehouse.core.store_address import StoreAddress


def test_the_address_is_one_setting_and_the_keys_are_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("mvd_store_key", "the key"), ("mvd_store_secret", "the secret")):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("MVD_SECRETS_DIR", str(tmp_path))
    url = "s3://figures/kz/2026?endpoint=https://s3.example.kz:9000&region=astana"
    monkeypatch.setenv("MVD_STORE_URL", url)
    given = load_settings()
    address = given.paths.store
    assert address == StoreAddress(
        bucket="figures",
        prefix="kz/2026",
        endpoint="https://s3.example.kz:9000",
        region="astana",
        key="the key",
        secret="the secret",
    )
    assert "the secret" not in f"{given!r} {given.paths!r} {address}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://s3.example.kz/figures", "s3://bucket/prefix"),
        ("s3://key:secret@figures/p", "s3://bucket/prefix"),
        ("s3://figures?endpoint=s3.example.kz:9000", "https://"),
        ("s3://figures?endpint=https://s3.example.kz", "endpint"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(
    url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MVD_STORE_URL", url)
    with pytest.raises(UserError, match="SETTING_INVALID") as told:
        load_settings()
    assert problem in told.value.text("en")
    assert "secret@" not in told.value.text("en")


def test_an_address_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MVD_STORE_URL", "s3://figures/p")
    with pytest.raises(UserError, match="MVD_STORE_KEY"):
        load_settings()
