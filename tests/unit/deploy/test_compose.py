"""docker-compose.yml, read by the real Compose."""

from pathlib import Path
from typing import Any

import pytest

from portal.settings import PortalSettings
from warehouse.core.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
ONE_SHOT = {"migrate", "superset-init", "mvd"}
AIRFLOW_KEYS = {"airflow_database_url", "airflow_fernet_key", "airflow_api_key", "airflow_jwt_key"}
Services = dict[str, Any]


def test_the_parts_of_the_product_are_there(services: Services) -> None:
    assert set(services) == {
        *("postgres", "redis", "migrate", "mvd", "portal", "proxy", "superset", "superset-init"),
        *("airflow-api", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"),
        "airflow-worker",
    }


def test_every_service_that_stays_has_a_health_check_and_comes_back(services: Services) -> None:
    for name, service in services.items():
        if name in ONE_SHOT:
            assert service["restart"] == "no", name
        else:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_every_service_is_limited(services: Services) -> None:
    for name, service in services.items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_no_service_may_gain_rights_or_change_its_own_files(services: Services) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "pid", "network_mode"} & service.keys(), name


def test_no_service_runs_as_root(services: Services) -> None:
    users = last_users()
    for name, service in services.items():
        target = service["image"].removeprefix("mvd/").partition(":")[0]
        user = service.get("user") or users[target]
        assert user not in ("", "root", "0"), name


def last_users() -> dict[str, str]:
    """Target of the Dockerfile → the user it ends with."""
    users, target = {}, ""
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            target = rest.rpartition(" AS ")[2]
            users[target] = "root"
        elif word == "USER":
            users[target] = rest
    return users


def test_no_secret_stands_in_what_an_engine_shows(compose: dict[str, Any], secrets: Path) -> None:
    shown = str(compose)
    for file in secrets.iterdir():
        assert file.read_text(encoding="utf-8").strip() not in shown, file.name


def test_every_secret_that_is_named_is_made_and_used(
    compose: dict[str, Any], services: Services, secrets: Path
) -> None:
    named = set(compose["secrets"])
    used = {
        entry["source"] for service in services.values() for entry in service.get("secrets", [])
    }
    made = {file.name for file in secrets.iterdir()}
    assert named == used == made - {"redis_password"}


def test_only_the_proxy_is_reached_from_other_machines(services: Services) -> None:
    for name, service in services.items():
        addresses = {port.get("host_ip") for port in service.get("ports", [])}
        assert addresses == {None} if name == "proxy" else addresses <= {"127.0.0.1"}, name


def test_the_proxy_meets_what_people_use_and_nothing_else(
    compose: dict[str, Any], services: Services
) -> None:
    members = {
        network: {name for name, service in services.items() if network in service["networks"]}
        for network in compose["networks"]
    }
    assert members["edge"] == {"proxy", "portal", "superset"}
    assert set(services["proxy"]["networks"]) == {"edge"}
    assert set(services["postgres"]["networks"]) == {"database"}
    assert set(services["redis"]["networks"]) == {"queue"}
    assert members["queue"] == {"redis", "airflow-scheduler", "airflow-worker"}
    for name in ("database", "queue", "control"):
        assert compose["networks"][name]["internal"] is True


def test_the_portal_believes_the_address_of_the_proxy_alone(services: Services) -> None:
    trusted = services["portal"]["environment"]["MVD_PORTAL_TRUSTED_PROXIES"]
    assert trusted == services["proxy"]["networks"]["edge"]["ipv4_address"]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("portal", {"mvd_ledger_url", "metrics_token"}),
        ("superset", {"superset_database_url"}),
        ("airflow-worker", {"celery_broker_url", "celery_result_url", "mvd_ledger_url"}),
        ("airflow-api", AIRFLOW_KEYS),
        ("airflow-dag-processor", AIRFLOW_KEYS),
    ],
)
def test_a_service_gets_the_secrets_of_its_work(
    services: Services, service: str, expected: set[str]
) -> None:
    assert {entry["source"] for entry in services[service]["secrets"]} == expected


def test_superset_and_the_watchers_cannot_change_the_data(services: Services) -> None:
    for name in ("superset", "airflow-triggerer"):
        (data,) = (v for v in services[name]["volumes"] if v["target"] == "/data")
        assert data["read_only"] is True, name


def test_nothing_of_the_host_is_mounted_but_the_script_that_makes_the_databases(
    services: Services,
) -> None:
    bound = {
        (name, Path(volume["source"]).relative_to(ROOT).as_posix(), volume["read_only"])
        for name, service in services.items()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    }
    assert bound == {("postgres", "deploy/postgres", True)}


def test_our_own_variables_are_settings(
    services: Services, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("portal", "airflow-worker", "mvd"):
        for variable, value in services[name]["environment"].items():
            if variable.startswith("MVD_"):
                monkeypatch.setenv(variable, value)
    monkeypatch.setenv("MVD_SECRETS_DIR", str(secrets))
    assert load_settings().ledger.startswith("postgresql+psycopg://ledger:")
    assert PortalSettings().trusted_proxies.endswith(".2")


def test_an_object_store_is_reached_by_those_who_write_and_by_nobody_else(
    stored: dict[str, Any],
) -> None:
    services = stored["services"]
    writers = {"airflow-worker", "portal", "mvd"}
    keys = {"mvd_store_key", "mvd_store_secret"}
    for name, service in services.items():
        given = {entry["source"] for entry in service.get("secrets", [])}
        assert (keys <= given, keys & given != set()) == (name in writers, name in writers), name
        assert ("MVD_STORE_URL" in service.get("environment", {})) == (name in writers), name
    for name in writers:
        assert services[name]["environment"]["MVD_STORE_URL"] == "s3://figures/kz"
        assert {"outside", "edge"} & set(services[name]["networks"]), name
