# SPDX-License-Identifier: GPL-3.0-or-later
"""How far pictures are from one another, with the files of VGG networks and without."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.errors import BadInputError

OPTIONAL = "training needs core/requirements-torch.txt and core/requirements-train.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
perceptual = pytest.importorskip("core.training.perceptual", reason=OPTIONAL)
losses = pytest.importorskip("core.training.losses", reason=OPTIONAL)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What torchvision documents, and where the paper looks: the ReLU after each of these.
TAPS = {"VGG19": (0, 5, 10, 19, 28), "VGGFace": (0, 5, 10, 17, 24)}
CHANNELS = (2, 3, 4, 5, 6)  # instead of 64 to 512


@pytest.fixture(autouse=True)
def _alike(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(6)
    monkeypatch.setattr(perceptual, "_CHANNELS", CHANNELS)


@pytest.fixture(params=[perceptual.VGG19, perceptual.VGGFACE], ids=lambda vgg: vgg.name)
def vgg(request: pytest.FixtureRequest) -> Any:
    return request.param


def _layers(vgg: Any) -> list[tuple[int, int]]:
    """In and out of each convolution."""
    widths = [3]
    for count, channels in zip(vgg.convolutions, CHANNELS, strict=True):
        widths += [channels] * count
    return list(pairwise(widths))


def _write(path: Path, vgg: Any, kind: int) -> dict[str, Any]:
    """Random weights under the names of torchvision (0) or Caffe (1), among others that are not needed."""
    from safetensors.torch import save_file

    tensors = {"features.99.weight": torch.zeros(1), "fc6.weight": torch.zeros(1)}
    for names, (inputs, outputs) in zip(perceptual._layer_names(vgg), _layers(vgg), strict=True):
        tensors[f"{names[kind]}.weight"] = torch.randn(outputs, inputs, 3, 3) / 4
        tensors[f"{names[kind]}.bias"] = torch.randn(outputs)
    save_file(tensors, path)
    return tensors


def test_the_names_are_torchvisions(vgg: Any) -> None:
    names = [name for name, _ in perceptual._layer_names(vgg)]
    firsts = np.cumsum([0, *vgg.convolutions[:-1]])
    assert tuple(int(names[first].removeprefix("features.")) for first in firsts) == TAPS[vgg.name]


@pytest.mark.parametrize("kind", [0, 1])
def test_features_are_those_of_the_layers_in_caffes_units(vgg: Any, kind: int, tmp_path: Path) -> None:
    tensors = _write(tmp_path / "vgg.safetensors", vgg, kind)
    network = perceptual.VggPerceptual(vgg, tmp_path / "vgg.safetensors")
    pictures = torch.rand(1, 3, 32, 32)  # 0 to 1
    seen = pictures[:, [2, 1, 0]] * 255 - torch.tensor(vgg.mean)[[2, 1, 0], None, None]
    wanted, layers = [], iter(perceptual._layer_names(vgg))
    for stage, count in enumerate(vgg.convolutions):
        seen = torch.nn.functional.max_pool2d(seen, 2, 2) if stage else seen
        for number in range(count):
            name = next(layers)[kind]
            seen = torch.nn.functional.conv2d(seen, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding=1)
            seen = seen.relu()
            wanted += [seen] if number == 0 else []
    found = network.features(pictures * 2 - 1)
    assert len(found) == 5
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=float(theirs.max()) * 1e-5)


def _perceptual(name: str, folder: Path) -> Any:
    if name == "offline":
        return perceptual.OfflinePerceptual()
    _write(folder / "vgg.safetensors", perceptual.VGG19, 0)
    return perceptual.VggPerceptual(perceptual.VGG19, folder / "vgg.safetensors")


@pytest.mark.parametrize("name", ["offline", "vgg"])
def test_gradients_reach_the_drawn_picture_only(name: str, tmp_path: Path) -> None:
    loss = _perceptual(name, tmp_path)
    drawn, target = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    drawn.requires_grad_()
    target.requires_grad_()
    before = loss(drawn, target)
    before.backward()
    assert target.grad is None
    assert not any(each.requires_grad for each in loss.parameters())
    with torch.no_grad():
        assert float(loss(drawn - 1e-3 * drawn.grad.sign(), target)) < float(before)
        assert float(loss(target, target)) == pytest.approx(0, abs=1e-5)


def test_offline_a_blurred_and_a_moved_picture_are_farther_than_a_noisy_one(astronaut: Any) -> None:
    loss = perceptual.OfflinePerceptual()
    picture = torch.from_numpy(np.ascontiguousarray(astronaut[:256, 96:352])).permute(2, 0, 1)[None] / 127.5 - 1
    noisy = (picture + 0.02 * torch.randn_like(picture)).clamp(-1, 1)
    blurred = torch.nn.functional.avg_pool2d(picture, 5, 1, 2, count_include_pad=False)
    moved = picture.roll(4, 3)
    values = [float(loss(each, picture)) for each in (picture, noisy, blurred, moved, -picture)]
    assert values == sorted(values)
    assert values[1] < values[2] / 2


def test_offline_an_inverted_picture_has_gradients_at_every_scale() -> None:
    """Where the product of MS-SSIM has none."""
    target = torch.rand(1, 3, 256, 256) * 2 - 1
    drawn = (-target).requires_grad_()
    perceptual.OfflinePerceptual()(drawn, target).backward()
    assert bool(drawn.grad.isfinite().all())
    assert float(drawn.grad.abs().max()) > 0


def test_content_takes_the_networks_that_there_are(tmp_path: Path) -> None:
    weights = losses.LossWeights(vgg19=2, vggface=3, offline=5)
    paths = {"vgg19": tmp_path / "a.safetensors", "vggface": tmp_path / "b.safetensors"}
    _write(paths["vgg19"], perceptual.VGG19, 0)
    _write(paths["vggface"], perceptual.VGGFACE, 1)
    drawn, target = torch.rand(2, 1, 3, 64, 64)
    alone = {
        "vgg19": 2 * perceptual.VggPerceptual(perceptual.VGG19, paths["vgg19"])(drawn, target),
        "vggface": 3 * perceptual.VggPerceptual(perceptual.VGGFACE, paths["vggface"])(drawn, target),
    }
    for some in ({"vgg19"}, {"vggface"}, {"vgg19", "vggface"}):
        content = losses.ContentLoss(weights, **{name: paths[name] for name in some})
        assert float(content(drawn, target)) == pytest.approx(float(sum(alone[name] for name in some)), rel=1e-4)
    offline = 5 * perceptual.OfflinePerceptual()(drawn, target)
    assert float(losses.ContentLoss(weights)(drawn, target)) == pytest.approx(float(offline))


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda tensors: tensors.pop(name)


def _misshapen(tensors: dict[str, Any]) -> None:
    tensors["features.10.bias"] = torch.zeros(1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without("features.5.weight"), "features.5.weight is missing"),
        (_without("features.28.bias"), "features.28.bias is missing"),
        (_misshapen, "features.10.bias has the shape"),
    ],
)
def test_files_that_hold_something_else_are_named(
    change: Callable[[dict[str, Any]], None], told: str, tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "vgg.safetensors"
    tensors = _write(path, perceptual.VGG19, 0)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(BadInputError, match=told) as caught:
        perceptual.VggPerceptual(perceptual.VGG19, path)
    assert str(path) in str(caught.value)
    path.write_bytes(b"PK\x03\x04 a pickle in a zip file")
    with pytest.raises(BadInputError, match="no safetensors file"):
        perceptual.VggPerceptual(perceptual.VGG19, path)
