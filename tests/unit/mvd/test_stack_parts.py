"""The parts of the stack: the dashboards are one of them where Superset is installed."""

from __future__ import annotations

from pathlib import Path

from mvd.stack.parts import SUPERSET, parts

PORTS = {"airflow": 1, "portal": 2, "superset": 3, "worker_logs": 4, "triggerer_logs": 5}


def names(*, with_dashboards: bool) -> list[str]:
    found = parts(Path("/data"), PORTS, with_portal=True, with_dashboards=with_dashboards)
    return [part.name for part in found]


def test_superset_runs_in_its_own_environment_on_the_same_data() -> None:
    found = parts(Path("/data"), PORTS, with_portal=False, with_dashboards=True)[-1]
    assert found.command[0] == str(SUPERSET)
    assert " ".join(found.command[1:]) == "-m dashboards --home /data serve --init --port 3"


def test_without_superset_the_rest_runs() -> None:
    assert "superset" in names(with_dashboards=True)
    assert "superset" not in names(with_dashboards=False)
    assert "portal" in names(with_dashboards=False)
