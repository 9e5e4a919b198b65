# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of trained networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.errors import BadInputError

OPTIONAL = "the few-shot networks need core/requirements-torch.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
checkpoint = pytest.importorskip("core.generators.few_shot.checkpoint", reason=OPTIONAL)
networks = pytest.importorskip("core.generators.few_shot.networks", reason=OPTIONAL)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAN = float("nan")
PLAN = networks.NetworkPlan("hybrid", width=8, embedding=16, size=64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    torch.manual_seed(4)
    path = tmp_path / "heads.safetensors"
    network, discriminator = networks.build_networks(PLAN), networks.build_discriminator(PLAN, 7)
    checkpoint.save_checkpoint(path, network, {"steps": 3, "data": "none"}, discriminator)
    return path


def _state(module: Any) -> dict[str, Any]:
    return {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("columns.")}


def test_the_networks_that_ship_draw() -> None:
    torch.set_num_threads(1)
    found = checkpoint.load_checkpoint()
    assert found.networks.plan == networks.NetworkPlan()
    assert found.made_from["held_out"]["ssim"] > found.made_from["held_out"]["warp_ssim"]
    picture = torch.rand(1, 3, 256, 256) * 2 - 1
    inputs = networks.Inputs(picture, picture[None], torch.ones(1, 1, 1, 256, 256), torch.zeros(1, 1, 256, 256))
    with torch.inference_mode():
        drawn, _ = found.networks(picture[None], picture[None], inputs)
    assert drawn.picture.isfinite().all()
    assert 0.01 < drawn.mask.mean() < 0.5


def test_what_is_written_is_read(path: Path) -> None:
    torch.manual_seed(4)
    network, discriminator = networks.build_networks(PLAN), networks.build_discriminator(PLAN, 7)
    found = checkpoint.load_checkpoint(path)
    assert found.networks.plan == PLAN
    assert found.made_from == {"steps": 3, "data": "none"}
    for read, written in ((found.networks, network), (found.discriminator, discriminator)):
        assert not read.training
        assert _state(read).keys() == _state(written).keys()
        assert all(torch.equal(tensor, _state(written)[name].half().float()) for name, tensor in _state(read).items())
    checkpoint.save_checkpoint(path, network, {})
    assert checkpoint.load_checkpoint(path).discriminator is None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _pickle(path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, path)


def _foreign(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, path)


def _change(told: Callable[[dict[str, str]], None] = len, tensors: Callable[[dict[str, Any]], None] = len) -> Any:
    """Something that changes the metadata or the tensors of a file."""

    def change(path: Path) -> None:
        from safetensors.torch import save_file

        parts = checkpoint.read_safetensors(path)
        tensors(parts[0])
        told(parts[1])
        save_file(parts[0], path, parts[1])

    return change


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_cut, "cut off"),
        (_empty, "cut off"),
        (_pickle, "no safetensors"),
        (lambda path: path.unlink(), "cannot be read"),
        (_foreign, "not written by Gioconda"),
        (_change(lambda told: told.update(version="9")), "version 9"),
        (_change(lambda told: told.update(kind="a person")), "a file of a person"),
        (_change(lambda told: told.update(header="{")), "header is damaged"),
        (_change(lambda told: told.pop("header")), "header is damaged"),
        (_change(lambda told: told.update(header='{"plan": {"depth": 3}}')), "description of the networks"),
        (_change(lambda told: told.update(header=told["header"].replace("hybrid", "huge"))), "huge"),
        (_change(tensors=lambda parts: parts.pop("networks.generator.out.weight")), "1 missing, such as generator.out"),
        (_change(tensors=lambda parts: parts.update({"networks.x": torch.zeros(1)})), "1 unknown, such as x"),
        (_change(tensors=lambda parts: parts.update({"networks.generator.out.bias": torch.zeros(1)})), "another shape"),
        (_change(lambda told: told.update(header=told["header"].replace("made_from", "from"))), "made_from"),
        (
            _change(tensors=lambda parts: parts["networks.generator.out.bias"].fill_(NAN)),
            "numbers that are none",
        ),
        (_change(tensors=lambda parts: parts.pop("discriminator.realism.bias")), "missing, such as realism.bias"),
    ],
)
def test_files_that_cannot_be_used_are_named(path: Path, damage: Callable[[Path], None], told: str) -> None:
    damage(path)
    with pytest.raises(BadInputError, match=told) as caught:
        checkpoint.load_checkpoint(path)
    assert str(path) in str(caught.value)
