"""An S3 interface on this machine (moto), for tests of stores that lie behind one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyarrow import fs as arrow_fs


@contextmanager
def bucket_on_a_server() -> Iterator[str]:
    """The address of a new bucket with a place for the store's name (`{name}`) in it.

    Skips, saying so, where moto is absent.
    """
    moto_server = pytest.importorskip("moto.server", reason="needs moto, an S3 server")
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield _new_bucket(*server.get_host_and_port())
    finally:
        server.stop()


def _new_bucket(host: str, port: int) -> str:
    options = f"scheme=http&endpoint_override={host}:{port}&region=us-east-1"
    address = f"s3://key:secret@runs/{{name}}?{options}"
    creating = f"{address.format(name='')}&allow_bucket_creation=true"
    filesystem, _ = arrow_fs.FileSystem.from_uri(creating)
    filesystem.create_dir("runs")
    return address
