import pytest

from tests.unit.warehouse.builds import Publish, build
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import publication
from warehouse.releases.manifest import Manifest


@pytest.fixture
def settings(home: Home) -> Settings:
    return Settings(home=home.root, memory_limit="200MB", threads=2)


@pytest.fixture
def publish(home: Home, ledger: Ledger, settings: Settings) -> Publish:
    def publish_marked(mark: int) -> Manifest:
        return publication.publish(home, ledger, build(home, ledger, mark), settings)

    return publish_marked
