# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files: where they are looked for, how they are checked, and that none is fetched without consent."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInputError, MissingError
from core.landmarks import CACHED, ModelFiles
from core.landmarks.weights import FACES, POINTS_2D, POINTS_3D, Weights, find_weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"numbers of a network" * 1000
NETWORK = Weights("network-abc.pth", hashlib.sha256(CONTENT).hexdigest(), 1)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models of mine"
    folder.mkdir()
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"  # not there before the first download


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server of the files in tmp_path/served, and its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    served = tmp_path / "served"
    served.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _served(address: str, content: bytes, tmp_path: Path) -> Weights:
    (tmp_path / "served" / NETWORK.name).write_bytes(content)
    return Weights(NETWORK.name, NETWORK.sha256, 1, address)


@pytest.mark.parametrize("weights", [FACES, POINTS_2D, POINTS_3D])
def test_the_hash_is_the_one_that_the_name_carries(weights: Weights) -> None:
    assert f"-{weights.sha256[:10]}." in weights.name
    assert len(weights.sha256) in (10, 64)
    assert weights.url.startswith("https://")


def test_files_are_looked_for_in_the_folder_then_in_the_cache(models: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / NETWORK.name).write_bytes(CONTENT)
    assert find_weights([NETWORK], ModelFiles(models), cache) == {NETWORK.name: cache / NETWORK.name}
    assert find_weights([NETWORK], CACHED, cache) == {NETWORK.name: cache / NETWORK.name}
    (models / NETWORK.name).write_bytes(CONTENT)
    assert find_weights([NETWORK], ModelFiles(models), cache) == {NETWORK.name: models / NETWORK.name}


def test_without_consent_nothing_is_fetched_and_it_is_said_how_to_get_it(
    models: Path, cache: Path, server: str, tmp_path: Path
) -> None:
    weights = _served(server, CONTENT, tmp_path)
    with pytest.raises(MissingError) as told:
        find_weights([weights], ModelFiles(models), cache)
    for word in (weights.name, str(models), server, "--allow-download", "preferences"):
        assert word in str(told.value)
    assert not list(models.iterdir())
    assert not cache.exists()


@pytest.mark.parametrize("has_folder", [True, False])
def test_with_consent_it_is_fetched_once(
    models: Path, cache: Path, server: str, tmp_path: Path, *, has_folder: bool
) -> None:
    weights = _served(server, CONTENT, tmp_path)
    folder = models if has_folder else None
    found = find_weights([weights], ModelFiles(folder, allow_download=True), cache)
    assert found == {weights.name: (folder or cache) / weights.name}
    assert found[weights.name].read_bytes() == CONTENT
    (tmp_path / "served" / weights.name).unlink()
    assert find_weights([weights], ModelFiles(folder, allow_download=True), cache) == found


def test_a_download_with_the_wrong_content_is_not_kept(models: Path, cache: Path, server: str, tmp_path: Path) -> None:
    weights = _served(server, CONTENT[:-1], tmp_path)
    with pytest.raises(BadInputError, match="sha256"):
        find_weights([weights], ModelFiles(models, allow_download=True), cache)
    assert not list(models.iterdir())


def test_a_download_that_fails_says_what_to_do(models: Path, cache: Path, server: str) -> None:
    weights = Weights(NETWORK.name, NETWORK.sha256, 1, server)  # not served: 404
    with pytest.raises(MissingError, match=r"cannot be downloaded.*404") as told:
        find_weights([weights], ModelFiles(models, allow_download=True), cache)
    assert str(models) in str(told.value)
    assert not list(models.iterdir())


def test_a_damaged_file_is_refused(models: Path, cache: Path) -> None:
    path = models / NETWORK.name
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(BadInputError, match="damaged") as told:
        find_weights([NETWORK], ModelFiles(models), cache)
    assert str(path) in str(told.value)
    assert path.exists(), "a user's file is never deleted"


def test_the_beginning_of_a_hash_counts_too(models: Path, cache: Path) -> None:
    (models / NETWORK.name).write_bytes(CONTENT)
    short = Weights(NETWORK.name, NETWORK.sha256[:10], 1)
    assert find_weights([short], ModelFiles(models), cache)
    wrong = Weights(NETWORK.name, "0123456789", 1)
    with pytest.raises(BadInputError, match="0123456789"):
        find_weights([wrong], ModelFiles(models), cache)
