import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
BASES = {"python:3.11-slim-bookworm", "postgres:17-bookworm", "debian:bookworm-slim"}


def test_only_known_base_images_are_built_on() -> None:
    arguments = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", TEXT, re.MULTILINE))
    assert set(arguments.values()) == BASES
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", TEXT, re.MULTILINE))
    named = re.findall(r"^FROM (\S+) AS", TEXT, re.MULTILINE)
    assert set(named) <= stages | {f"${{{name}}}" for name in arguments}


def test_it_builds_with_any_engine_of_the_last_years_without_another_registry() -> None:
    assert "syntax=" not in TEXT
    assert "<<" not in TEXT
    assert "--link" not in TEXT


def test_the_images_install_what_is_locked_with_the_uv_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    version = re.search(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE)
    assert version
    assert f"uv=={version[1]}" in TEXT
    assert len(re.findall(r"uv sync --frozen", TEXT)) == len(re.findall(r"uv sync", TEXT)) == 3


def test_every_part_of_the_code_is_in_the_images() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = set(re.findall(r"^COPY (\w+) \1$", TEXT, re.MULTILINE))
    assert copied == {*packages, "dags", "deploy"}
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in (*copied, "dashboards")} <= set(let_through)
    assert "deploy/secrets" in let_through
