import subprocess
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

ROOT = Path(__file__).resolve().parents[3]


def content(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_nobody_else_may_enter_the_folder(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_a_second_run_keeps_every_secret(secrets: Path) -> None:
    before = content(secrets)
    subprocess.run(["sh", ROOT / "deploy" / "make-secrets.sh", secrets], check=True)
    assert content(secrets) == before


def test_no_two_secrets_are_alike(secrets: Path) -> None:
    values = list(content(secrets).values())
    assert len(set(values)) == len(values)


def test_the_addresses_hold_the_passwords_of_their_databases(secrets: Path) -> None:
    found = content(secrets)
    for address, role in (
        ("airflow_database_url", "airflow"),
        ("celery_result_url", "celery"),
        ("mvd_ledger_url", "ledger"),
        ("superset_database_url", "superset"),
    ):
        url = make_url(found[address].removeprefix("db+"))
        assert (url.username, url.database, url.host) == (role, role, "postgres")
        assert url.password == found[f"{role}_database_password"]
    assert f":{found['redis_password']}@redis" in found["celery_broker_url"]
    assert f"requirepass {found['redis_password']}\n" in found["redis_conf"]


def test_the_key_of_airflow_is_one_that_it_can_use(secrets: Path) -> None:
    Fernet(content(secrets)["airflow_fernet_key"])
