"""A stub of the Hugging Face hub: serves folders at commits, and refuses as the real one does.

The refusals are the hub's own, as huggingface_hub reads them: a status, and what stands in the
headers `X-Error-Code` and `X-Error-Message`.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?")
FILE = re.compile(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass(frozen=True)
class Refusal:
    """A status with the headers that say what it means."""

    status: int
    code: str = ""
    message: str = ""


@dataclass
class Repository:
    """What lies in a repository: folders by commit, commits by branch."""

    commits: dict[str, Path] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit_of(self, revision: str) -> str | None:
        """Return the commit that a branch or a commit names."""
        return revision if revision in self.commits else self.branches.get(revision)


@dataclass
class StubHub:
    """What the stub says, and what it was asked."""

    url: str
    refusals: dict[str, Refusal] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def push(self, name: str, commit: str, folder: Path, branch: str = "main") -> None:
        """Let a branch of a repository be a folder, under a commit."""
        repository = self.repositories.setdefault(name, Repository())
        repository.commits[commit] = folder
        repository.branches[branch] = commit


@contextmanager
def stub_hub() -> Iterator[StubHub]:
    """Run a stub on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = StubHub(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.hub  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests read `asked`."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    @property
    def hub(self) -> StubHub:
        hub: StubHub = self.server.hub  # type: ignore[attr-defined]
        return hub

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(f"{self.command} {path}")
        if path == "/":
            return self._send(200, b"")
        if found := API.fullmatch(path.rstrip("/")):
            return self._describe(found[2], found[3] or "", found[4] or "main")
        if found := FILE.fullmatch(path):
            return self._file(found[1], found[2], found[3])
        return self._refuse(Refusal(404, "EntryNotFound"))

    def _folder(self, name: str, revision: str) -> tuple[str, Path] | None:
        """Return commit and folder; answers itself where there is none."""
        if name in self.hub.refusals:
            self._refuse(self.hub.refusals[name])
            return None
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._refuse(Refusal(401, "RepoNotFound", "Invalid username or password."))
            return None
        commit = repository.commit_of(revision)
        if commit is None:
            self._refuse(Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}"))
            return None
        return commit, repository.commits[commit]

    def _describe(self, name: str, part: str, revision: str) -> None:
        found = self._folder(name, revision)
        if found is None:
            return None
        commit, folder = found
        files = [file for file in sorted(folder.iterdir()) if file.is_file()]
        if part == "tree":
            tree = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": _etag(f)}
                for f in files
            ]
            return self._send(200, json.dumps(tree).encode())
        siblings = [{"rfilename": file.name} for file in files]
        said = {"_id": "1", "id": name, "modelId": name, "sha": commit, "siblings": siblings}
        return self._send(200, json.dumps(said | {"private": False, "tags": []}).encode())

    def _file(self, name: str, revision: str, file: str) -> None:
        found = self._folder(name, revision)
        if found is None:
            return None
        commit, folder = found
        if not (folder / file).is_file():
            return self._refuse(Refusal(404, "EntryNotFound"), commit)
        data, etag = (folder / file).read_bytes(), _etag(folder / file)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            return self._send(200, data, headers)
        start, stop = int(wanted[1]), int(wanted[2] or len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{stop}/{len(data)}"
        return self._send(206, data[start : stop + 1], headers)

    def _refuse(self, refusal: Refusal, commit: str | None = None) -> None:
        headers = {"X-Repo-Commit": commit} if commit else {}
        if refusal.code:
            headers["X-Error-Code"] = refusal.code
        if refusal.message:
            headers["X-Error-Message"] = refusal.message
        self._send(refusal.status, b"{}", headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()
