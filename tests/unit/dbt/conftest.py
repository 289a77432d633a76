import pytest


@pytest.fixture(scope="session", autouse=True)
def parsed(parsed_models: None) -> None:
    """Each dbt of this folder builds; none of them need parse the project."""
