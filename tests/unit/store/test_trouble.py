"""What storage refuses ends in one sentence that names the setting."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.store.driver import commit_groups, group_of, problem
from tests.unit.store.test_crash import assert_exactly_once
from ttsgrid.core.errors import StoreBusyError, StoreError
from ttsgrid.store import LocalFiles, Store, committed_units, scan

NO_BUCKET = b"<Error><Code>NoSuchBucket</Code><Message>There is none</Message></Error>"


class _NoBucket(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404)
        self.send_header("Content-Length", str(len(NO_BUCKET)))
        self.end_headers()
        self.wfile.write(NO_BUCKET)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def no_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URI of a bucket that a server of our own says it lacks."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoBucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"127.0.0.1:{server.server_port}"
    yield f"s3://none/run?scheme=http&endpoint_override={at}&region=us-east-1"
    server.shutdown()


def test_a_bucket_that_is_not_there_is_said_with_the_setting(no_bucket: str) -> None:
    with pytest.raises(StoreError, match=r"NO_SUCH_BUCKET.*look at bucket.*store="):
        Store.open(no_bucket, run_id="r")


def test_an_endpoint_that_is_dead_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    dead = "s3://b/run?scheme=http&endpoint_override=127.0.0.1:9&region=us-east-1"
    with pytest.raises(StoreError, match=r"connect.*endpoint.*store="):
        committed_units(dead)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "its disk is full"), (errno.EROFS, "can't be used"), (errno.EIO, "mend that")],
)
def test_a_disk_that_refuses_a_commit_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    put = LocalFiles.put

    def refuse(files: LocalFiles, path: str, data: bytes) -> None:
        if path.startswith("scores/"):
            raise OSError(number, os.strerror(number), str(files.root / path))
        put(files, path, data)

    with Store.open(tmp_path, run_id="r") as store:
        store.commit(group_of(0))
        with monkeypatch.context() as full:
            full.setattr(LocalFiles, "put", refuse)
            with pytest.raises(StoreError, match=rf"{sentence}.*store="):
                store.commit(group_of(1))
        # The write may have landed: nothing more is written until the store is opened again.
        with pytest.raises(StoreError, match="open it again"):
            store.commit(group_of(1))
    commit_groups(tmp_path, 0, 2)
    assert_exactly_once(tmp_path, 2)


def test_a_folder_that_may_not_be_written_is_said_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an error of the system's own where rights bind; root may write anywhere."""
    commit_groups(tmp_path / "store", 0, 1)
    (tmp_path / "store").chmod(0o500)
    if os.access(tmp_path / "store", os.W_OK):

        def refuse(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=r"can't be used \(Permission denied at .*store="):
        Store.open(tmp_path / "store", run_id="r")
    assert len(scan(tmp_path / "store", "units").collect()) == 3
    (tmp_path / "store").chmod(0o700)


def test_a_file_system_without_flock_holds_a_store_and_refuses_a_second_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_flock)
    with Store.open(tmp_path, run_id="r") as store:
        store.commit(group_of(0))
        with pytest.raises(StoreBusyError):
            Store.open(tmp_path, run_id="s")
    assert_exactly_once(tmp_path, 1)


def test_files_that_macos_puts_beside_others_are_no_tables(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.write_problems([problem(0)])
    commit_groups(tmp_path, 0, 1)
    for file in list(tmp_path.glob("*/*.parquet")):
        (file.parent / f"._{file.name}").write_bytes(b"\0\5\x16\7AppleDouble")
    assert len(scan(tmp_path, "problems").collect()) == 1
    commit_groups(tmp_path, 0, 2)
    assert len(scan(tmp_path, "units").collect()) == 6
    with Store.open(tmp_path, run_id="r") as store:
        assert store.verify() == 0
