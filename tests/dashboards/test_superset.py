"""Superset as people meet it: who reads what, from which release, in which language."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import pytest

from dashboards.access import rules
from tests.dashboards.releases import (
    CLOSED,
    COMPARED,
    COUNTRY,
    KYZYLORDA,
    OWN,
    PROBES,
    TOWN_OF_KYZYLORDA,
    UNNAMED,
    VALUES,
    publish,
)
from tests.dashboards.server import Person, SupersetServer

TABLES = (*PROBES, "release")
EVERYBODY = ("analyst", "kyzylorda", "coordinator")


@pytest.fixture(scope="module")
def datasets(people: dict[str, Person]) -> dict[str, int]:
    """A dataset on each table, numbers by table."""
    found = {}
    for table in TABLES:
        body = {"database": 1, "schema": "marts", "table_name": table}
        answer = people["admin"].web.post("/api/v1/dataset/", json=body)
        assert answer.status_code == 201, answer.text
        found[table] = answer.json()["id"]
    return found


@pytest.fixture(scope="module")
def dashboard(people: dict[str, Person]) -> int:
    found = people["admin"].web.get("/api/v1/security/roles/?q=(page_size:100)").json()["result"]
    roles = [role["id"] for role in found if role["name"] in rules().roles]
    body = {"dashboard_title": "Проба", "published": True, "roles": roles}
    answer = people["admin"].web.post("/api/v1/dashboard/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["result"][0]["data"]
    return found


def values(person: Person, dataset: int) -> dict[str, int]:
    query = {"columns": ["territory_kato", "value"]}
    return {row["territory_kato"]: row["value"] for row in rows(person.chart(dataset, query))}


def test_whoever_has_not_signed_in_gets_nothing(server: SupersetServer) -> None:
    with server.visitor() as nobody:
        assert nobody.get("/api/v1/dashboard/").status_code in (401, 403)
        assert nobody.get("/api/v1/dataset/").status_code in (401, 403)
        assert "login" in str(nobody.get("/superset/welcome/").url)


def test_the_ministry_sees_the_country(people: dict[str, Person], datasets: dict[str, int]) -> None:
    assert values(people["analyst"], datasets[COMPARED]) == VALUES
    assert values(people["coordinator"], datasets[OWN]) == VALUES


def test_a_region_sees_itself_and_the_total_of_the_country(
    people: dict[str, Person], datasets: dict[str, int]
) -> None:
    # The ministry asked the same question before: its kept answer must not come back.
    seen = values(people["kyzylorda"], datasets[COMPARED])
    assert seen == {COUNTRY: 1000, KYZYLORDA: 43, TOWN_OF_KYZYLORDA: 431}


def test_a_region_sees_its_own_rows_and_no_others(
    people: dict[str, Person], datasets: dict[str, int]
) -> None:
    seen = values(people["kyzylorda"], datasets[OWN])
    assert seen == {KYZYLORDA: 43, TOWN_OF_KYZYLORDA: 431}
    assert KYZYLORDA not in values(people["kostanay"], datasets[OWN])


def test_a_table_that_the_contract_does_not_name_is_empty_for_a_region(
    people: dict[str, Person], datasets: dict[str, int]
) -> None:
    assert values(people["kyzylorda"], datasets[UNNAMED]) == {}
    assert values(people["kyzylorda"], datasets[CLOSED]) == {}


def test_the_file_of_a_region_holds_no_row_of_another(server: SupersetServer) -> None:
    file = server.home / "superset" / "regions" / "r000001" / KYZYLORDA / "warehouse.duckdb"
    with duckdb.connect(file, read_only=True) as connection:
        for table in PROBES:
            query = f"SELECT count(*) FROM marts.{table} WHERE territory_kato LIKE '39%'"  # noqa: S608
            assert connection.execute(query).fetchall() == [(0,)]


ATTACKS = {
    "a file": "SELECT * FROM read_csv('/etc/passwd')",
    "a file as text": "SELECT * FROM read_text('/etc/hosts')",
    "a file by its name": "SELECT * FROM '/etc/passwd'",
    "a file behind a name of one's own": 'WITH "/etc/x" AS (SELECT 1) SELECT * FROM "/etc/x"',
    "a folder": "SELECT * FROM glob('/*')",
    "a parquet file": "SELECT * FROM read_parquet('../*/warehouse.duckdb')",
    "another database": "ATTACH '/tmp/other.duckdb' AS other",
    "the whole release": "SELECT * FROM warehouse.marts.release, whole.marts.release",
    "the list of databases": "SELECT * FROM duckdb_databases()",
    "the list of databases as a view": "SELECT * FROM pragma_database_list",
    "the settings": "SELECT * FROM duckdb_settings()",
    "the settings as a view": "SELECT * FROM pg_catalog.pg_settings",
    "a setting": "SELECT current_setting('home_directory')",
    "a setting changed": "SET threads = 1",
    "the lock": "SET lock_configuration = false",
    "a variable": "SET VARIABLE x = 'marts.release'",
    "a variable read": "SELECT getvariable('x')",
    "the environment": "SELECT getenv('HOME')",
    "an extension": "INSTALL httpfs",
    "an extension loaded": "LOAD httpfs",
    "a secret": "SELECT * FROM duckdb_secrets()",
    "a query in a text": "SELECT * FROM query('SELECT 1')",
    "a query by CALL": "CALL query('SELECT 1')",
    "a table by a text": "SELECT * FROM query_table('marts.release')",
    "a query as JSON": "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "PRAGMA": "PRAGMA database_list",
    "SHOW": "SHOW ALL TABLES",
    "SUMMARIZE": "SUMMARIZE marts.release",
    "DESCRIBE within a query": "SELECT * FROM (DESCRIBE marts.release)",
    "PIVOT": "PIVOT marts.fct_indicator_values ON territory_kato USING sum(value)",
    "UNPIVOT": "UNPIVOT pragma_database_list ON file INTO NAME n VALUE v",
    "EXPLAIN": "EXPLAIN ANALYZE SELECT * FROM marts.release",
    "COPY": "COPY (SELECT 1) TO '/tmp/stolen.csv'",
    "EXPORT": "EXPORT DATABASE '/tmp/stolen'",
    "writing": "DELETE FROM marts.release",
    "a table of one's own": "CREATE TABLE marts.mine AS SELECT 1",
    "a macro": "CREATE TEMP MACRO f() AS TABLE SELECT 1",
    "a prepared statement": "PREPARE p AS SELECT 1",
    "logs": "SELECT * FROM duckdb_logs()",
    "profiling": "CALL enable_profiling()",
    "a comment that hides": "SELECT 1 /* */; ATTACH '/tmp/x' AS x",
    "a table of another schema": "SELECT * FROM main.sqlite_master",
    "a set operation": "SELECT 1 UNION ALL SELECT * FROM read_csv('/etc/passwd')",
    "a subquery": "SELECT (SELECT content FROM read_text('/etc/hosts'))",
    "a condition": "SELECT 1 WHERE EXISTS (FROM duckdb_settings())",
    "python": "SELECT * FROM os",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_sql_lab_refuses(people: dict[str, Person], attack: str) -> None:
    answer = people["analyst"].sql(attack)
    assert answer.status_code >= 400, answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["coordinator", "kyzylorda"])
def test_sql_lab_is_closed_to_whom_the_contract_does_not_open_it(
    people: dict[str, Person], name: str
) -> None:
    assert people[name].sql("SELECT * FROM marts.release").status_code == 403
    assert people[name].web.get("/api/v1/database/").status_code in (403, 404)
    body = {"database": 1, "schema": "marts", "table_name": "x", "sql": "SELECT 1 AS one"}
    assert people[name].web.post("/api/v1/dataset/", json=body).status_code == 403


def test_sql_lab_answers_a_reading_query(people: dict[str, Person]) -> None:
    answer = people["analyst"].sql(
        "WITH own AS (SELECT * FROM marts.fct_indicator_values WHERE value < 100)"
        " SELECT name_ru, value FROM own JOIN marts.dim_territory USING (territory_kato) ORDER BY 2"
    )
    assert [row["value"] for row in answer.json()["data"]] == [39, 43]


@pytest.mark.parametrize(
    ("end", "rows"),
    [("LIMIT 1", 1), ("LIMIT 0", 0), ("LIMIT 1 + 1", 2), ("LIMIT ALL OFFSET 1", 2)],
)
def test_sql_lab_keeps_the_limit_of_the_statement(
    people: dict[str, Person], end: str, rows: int
) -> None:
    statement = " ".join(("SELECT i FROM range(3) AS t(i) ORDER BY i DESC", end))
    for limit in (1000, 0):
        answer = people["analyst"].sql(statement, limit=limit)
        first = 1 if "OFFSET" in end else 2
        expected = list(range(first, first - rows, -1))
        assert [row["i"] for row in answer.json()["data"]] == expected


def test_example_queries_are_among_the_saved_ones_and_run(people: dict[str, Person]) -> None:
    saved = people["analyst"].web.get("/api/v1/saved_query/").json()["result"]
    assert len(saved) >= 5
    mine = next(query for query in saved if "выпуска" in query["label"])
    assert people["analyst"].sql(mine["sql"]).status_code == 200


SMUGGLED = {
    "a column": {
        "columns": [
            {
                "label": "x",
                "sqlExpression": "(SELECT max(content) FROM read_text('/etc/hosts'))",
                "expressionType": "SQL",
            }
        ]
    },
    "a metric": {
        "columns": [],
        "metrics": [
            {"label": "x", "expressionType": "SQL", "sqlExpression": "max(getenv('HOME'))"}
        ],
    },
    "a condition": {
        "columns": ["value"],
        "extras": {"where": "1=1) UNION SELECT 1 FROM read_csv('/etc/passwd') --"},
    },
    "another's rows": {
        "columns": ["value"],
        "extras": {"where": "territory_kato IN (SELECT content FROM read_text('/etc/hosts'))"},
    },
}


@pytest.mark.parametrize("query", SMUGGLED.values(), ids=SMUGGLED.keys())
@pytest.mark.parametrize("name", EVERYBODY)
def test_a_chart_smuggles_nothing(
    people: dict[str, Person], datasets: dict[str, int], name: str, query: dict[str, Any]
) -> None:
    answer = people[name].chart(datasets[COMPARED], query)
    assert answer.status_code >= 400 or answer.json()["result"][0]["error"], answer.text
    assert "localhost" not in answer.text


@pytest.mark.parametrize("name", EVERYBODY)
def test_only_the_administrator_administers(people: dict[str, Person], name: str) -> None:
    web = people[name].web
    user = {"username": "x", "first_name": "x", "last_name": "x", "email": "x@x", "roles": [1]}
    assert web.post("/api/v1/security/users/", json=user).status_code in (403, 404)
    database = {"database_name": "other", "sqlalchemy_uri": "duckdb:////etc/passwd"}
    assert web.post("/api/v1/database/", json=database).status_code in (403, 404)
    assert web.put("/api/v1/database/1", json={"allow_dml": True}).status_code in (403, 404)
    assert web.get("/api/v1/rowlevelsecurity/").status_code in (403, 404)
    assert web.get("/api/v1/log/").status_code in (403, 404)


def test_even_the_administrator_connects_to_releases_alone(people: dict[str, Person]) -> None:
    other = {"database_name": "other", "sqlalchemy_uri": "duckdb:////etc/passwd"}
    people["admin"].web.post("/api/v1/database/", json=other)
    answer = people["admin"].sql("SELECT 1", database=2)
    assert answer.status_code >= 400


def test_a_closed_account_opens_nothing(server: SupersetServer) -> None:
    leaver = server.sign_in("leaver")
    assert leaver.sql("SELECT 1 AS one").status_code == 200
    assert server.command("account", "leaver", "--remove").returncode == 0
    assert leaver.sql("SELECT 1 AS one").status_code >= 400


def test_a_regional_account_needs_its_region(server: SupersetServer) -> None:
    file = server.home / "wrong.csv"
    file.write_text("name,role,region\nx,regional_analyst,\ny,regional_analyst,123456789\n")
    answer = server.command("accounts", str(file))
    assert answer.returncode == 1
    assert "--region" in answer.stderr
    assert "123456789" in answer.stderr


def test_what_is_secret_is_readable_by_its_owner_alone(server: SupersetServer) -> None:
    root = server.home / "superset"
    assert root.stat().st_mode & 0o077 == 0
    for path in root.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
    assert server.password("admin") not in server.log.read_text()


def test_the_page_may_run_no_text_as_code_and_call_no_other_host(server: SupersetServer) -> None:
    with server.visitor() as nobody:
        policy = nobody.get("/login/").headers["Content-Security-Policy"]
    assert "unsafe-eval" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(("language", "word"), [("ru", "Дашборды"), ("kk", "Дашбордтар")])
def test_texts_are_there_before_signing_in(
    server: SupersetServer, language: str, word: str
) -> None:
    with server.visitor() as nobody:
        pack = nobody.get(f"/superset/language_pack/{language}/").json()
    assert pack["locale_data"]["superset"]["Dashboards"] == [word]


def test_downloads_open_in_excel_with_cyrillic_letters(
    people: dict[str, Person], datasets: dict[str, int]
) -> None:
    body = {
        "datasource": {"id": datasets[COMPARED], "type": "table"},
        "queries": [{"columns": ["territory_kato", "value"], "metrics": [], "row_limit": 10}],
        "result_format": "csv",
        "result_type": "full",
    }
    answer = people["analyst"].web.post("/api/v1/chart/data", json=body)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heading, *lines = answer.content.decode("utf-8-sig").splitlines()
    assert heading == "territory_kato;value"
    assert "000000000;1000" in lines
    body["result_format"] = "xlsx"
    assert people["analyst"].web.post("/api/v1/chart/data", json=body).content[:2] == b"PK"


# The tests below publish further releases.
def opened(person: Person, dashboard: int) -> None:
    """What the browser asks when somebody opens a dashboard."""
    answer = person.web.get(f"/api/v1/dashboard/{dashboard}")
    assert answer.status_code == 200, answer.text


def marks(person: Person, datasets: dict[str, int], dashboard: int) -> set[str]:
    """The releases from which the charts of a screen come."""
    found = set()
    for table in (COMPARED, OWN):
        found |= {
            r["mark"] for r in rows(person.chart(datasets[table], {"columns": ["mark"]}, dashboard))
        }
    # People's own charts of older kinds ask another way.
    found |= person.legacy_marks(datasets[COMPARED], dashboard)
    query = {"columns": ["release_id"]}
    return found | {
        r["release_id"] for r in rows(person.chart(datasets["release"], query, dashboard))
    }


def test_an_open_dashboard_stays_with_its_release_and_a_reopened_one_is_fresh(
    server: SupersetServer, people: dict[str, Person], datasets: dict[str, int], dashboard: int
) -> None:
    person = people["analyst"]
    opened(person, dashboard)
    before = marks(person, datasets, dashboard)
    fresh = publish(server.home)
    assert marks(person, datasets, dashboard) == before != {fresh}
    opened(person, dashboard)
    assert marks(person, datasets, dashboard) == {fresh}
    assert person.sql("SELECT release_id FROM marts.release").json()["data"] == [
        {"release_id": fresh}
    ]


def test_twenty_readers_see_no_error_and_no_mixture_while_releases_are_published(
    server: SupersetServer, datasets: dict[str, int], dashboard: int
) -> None:
    names = ["analyst", "coordinator", "kyzylorda", "kostanay"] * 5
    readers = [server.sign_in(name) for name in names]
    stop = threading.Event()

    def read(reader: Person) -> list[set[str]]:
        screens: list[set[str]] = []
        while not stop.is_set() or len(screens) < 2:
            opened(reader, dashboard)
            screens.append(marks(reader, datasets, dashboard))
        return screens

    with ThreadPoolExecutor(len(readers)) as pool:
        reading = [pool.submit(read, reader) for reader in readers]
        for _ in range(3):
            time.sleep(2)
            last = publish(server.home)
        time.sleep(1)
        stop.set()
        screens = [screen for future in reading for screen in future.result()]
    assert {len(screen) for screen in screens} == {1}, screens
    assert last in set.union(*screens)
    assert len(set.union(*screens)) > 1
