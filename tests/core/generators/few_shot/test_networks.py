# SPDX-License-Identifier: GPL-3.0-or-later
"""The few-shot networks as wholes: their size, their shapes, what they begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import BadInputError

OPTIONAL = "the few-shot networks need core/requirements-torch.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
blocks = pytest.importorskip("core.generators.few_shot.blocks", reason=OPTIONAL)
networks = pytest.importorskip("core.generators.few_shot.networks", reason=OPTIONAL)
checkpoint = pytest.importorskip("core.generators.few_shot.checkpoint", reason=OPTIONAL)
hybrid = pytest.importorskip("core.generators.few_shot.hybrid", reason=OPTIONAL)

PAPER = networks.NetworkPlan("paper", width=64, embedding=512, size=256)
HYBRID = networks.NetworkPlan()
TINY = networks.NetworkPlan("hybrid", width=8, embedding=16, size=64)


@pytest.fixture(autouse=True)
def _alike() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(2)


def _inputs(size: int, references: int, count: int = 1) -> Any:
    return networks.Inputs(
        torch.rand(count, 3, size, size) * 2 - 1,
        torch.rand(count, references, 3, size, size) * 2 - 1,
        torch.rand(count, references, 1, size, size),
        torch.zeros(count, 1, size, size),
    )


def _millions(module: Any) -> float:
    return sum(each.numel() for each in module.parameters()) / 1e6


def test_the_papers_networks_have_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for layer in (torch.nn.Conv2d, torch.nn.Linear):
        monkeypatch.setattr(layer, "reset_parameters", lambda _: None)  # filling them and
    monkeypatch.setattr(blocks, "spectral_norm", lambda module, **_: module)  # this would take their time
    plain = networks.build_networks(replace(PAPER, attention=False))
    full = networks.build_networks(PAPER)
    discriminator = networks.build_discriminator(PAPER, people=0)
    assert _millions(plain.embedder) == pytest.approx(14.8, abs=0.05)
    assert _millions(plain.generator) == pytest.approx(37.9, abs=0.05)
    assert plain.generator.projection.weight.shape == (13056, 512)
    assert _millions(discriminator) == pytest.approx(19.6, abs=0.05)
    assert 0 < _millions(full) - _millions(plain) < 0.3


def test_attention_is_where_the_paper_has_it() -> None:
    plan = networks.NetworkPlan("paper", width=4, embedding=8, size=256)
    network, discriminator = networks.build_networks(plan), networks.build_discriminator(plan, 1)
    sides: list[int] = []
    for part in [*network.modules(), *discriminator.modules()]:
        if isinstance(part, blocks.SelfAttention):
            part.register_forward_hook(lambda _, __, given: sides.append(given.shape[-1]))
    picture = torch.zeros(1, 3, 256, 256)
    with torch.no_grad():
        network(picture[None], picture[None], networks.Inputs(picture))
        discriminator(picture, picture, torch.zeros(1, 8))
    assert sides == [32, 32, 64, 32]  # embedder, down and up in the generator, discriminator


def test_the_hybrid_is_small_and_fast() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    network = networks.build_networks(HYBRID).eval()
    assert 2 < _millions(network) < 5.5
    style = network.project(torch.zeros(1, HYBRID.embedding))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.draw_styled(_inputs(256, 3), style)
    assert counter.get_total_flops() < 25e9


@pytest.mark.parametrize("kind", networks.KINDS)
def test_shapes(kind: str) -> None:
    plan = replace(TINY, kind=kind)
    network, discriminator = networks.build_networks(plan), networks.build_discriminator(plan, 4)
    references = torch.rand(2, 3, 3, 64, 64)  # two people, three pictures of each
    drawn, embedding = network(references, references, _inputs(64, 2, count=2))
    assert (drawn.picture.shape, embedding.shape) == ((2, 3, 64, 64), (2, 16))
    assert float(drawn.picture.detach().abs().max()) <= 1
    assert (drawn.mask is None) == (kind == "paper")
    score, features = discriminator(drawn.picture, references[:, 0], discriminator.columns(torch.tensor([3, 0])))
    assert score.shape == (2,)
    assert [each.shape[-1] for each in features] == [32, 16, 8, 4, 2, 1, 1]


def test_a_person_is_the_mean_of_their_pictures() -> None:
    network = networks.build_networks(TINY).eval()
    pictures, lines = torch.rand(2, 1, 4, 3, 64, 64)
    with torch.no_grad():
        each = [network.embedder(pictures[:, i], lines[:, i]) for i in range(4)]
        np.testing.assert_allclose(network.embed(pictures, lines), torch.stack(each).mean(0), rtol=1e-4)


def test_the_hybrid_begins_as_the_warp_that_is_surest() -> None:
    network = networks.build_networks(TINY).eval()
    inputs = _inputs(64, 3)
    inputs.confidences[:] = 0.1
    inputs.confidences[:, 1, :, :32] = 1
    inputs.confidences[:, 2, :, 32:] = 1
    with torch.no_grad():
        drawn = network.draw(inputs, torch.randn(1, 16))
    wanted = torch.cat([inputs.warps[:, 1, :, :32], inputs.warps[:, 2, :, 32:]], dim=2)
    assert float((drawn.picture - wanted).abs().max()) < 0.03
    assert float(drawn.mask.max()) < 0.05


def test_where_landmarks_are_precise_the_warp_stays() -> None:
    network = networks.build_networks(TINY).eval()
    torch.nn.init.normal_(network.generator.out.weight)
    inputs = _inputs(64, 1)
    inputs.precise[:, :, 40:48, 20:44] = 1
    with torch.no_grad():
        drawn = network.draw(inputs, torch.randn(1, 16))
    changed = (drawn.picture - inputs.warps[:, 0]).abs().amax(dim=1)
    assert float(changed[:, 40:48, 20:44].max()) < 1e-5
    assert float(changed.max()) > 0.1


def test_a_shift_tells_where_a_pixel_is_read() -> None:
    picture, shift = torch.rand(1, 3, 64, 64), torch.zeros(1, 2, 64, 64)
    shift[:, 0], shift[:, 1] = 2 / 32, -3 / 32  # of half the side: two pixels to the right, three up
    read = hybrid.moved(picture, shift)
    np.testing.assert_allclose(read[..., 3:, :-2], picture[..., :-3, 2:], atol=1e-5)


def test_parts_of_a_convolution_add_up_to_it() -> None:
    layer, pictures = torch.nn.Conv2d(5 * 16, 3, 3, padding=1).requires_grad_(False), torch.randn(2, 5, 16, 24)
    parts = hybrid.convolved(layer, pictures[:, :2], pictures[:, 2:], fraction=4)
    whole = layer(torch.nn.functional.pixel_unshuffle(pictures, 4))
    np.testing.assert_allclose(sum(parts), whole, atol=1e-5)


def test_the_networks_that_ship_draw_the_same_when_baked() -> None:
    """To far less than a 255th, which is 2 / 255 of what they give."""
    network = checkpoint.load_checkpoint().networks
    inputs, style = _inputs(256, 3), network.project(torch.rand(1, HYBRID.embedding))
    with torch.no_grad():
        before = network.draw_styled(inputs, style)
        network.bake()
        after = network.draw_styled(inputs, style)
    for name in ("picture", "mask", "trust", "shift"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-4, err_msg=name)


def test_the_order_of_references_does_not_matter() -> None:
    network = networks.build_networks(TINY).eval()
    for layer in (network.generator.out, network.generator.shares.judge):
        torch.nn.init.normal_(layer.weight)
    inputs, embedding, order = _inputs(64, 3), torch.randn(1, 16), [2, 0, 1]
    turned = replace(inputs, warps=inputs.warps[:, order], confidences=inputs.confidences[:, order])
    with torch.no_grad():
        drawn, same = network.draw(inputs, embedding).picture, network.draw(turned, embedding).picture
        two = network.draw(inputs.picked(torch.tensor([0])), embedding).picture
        style = network.project(embedding)
        blend = network.generator(inputs.warps, inputs.confidences, inputs.landmark_pictures, inputs.precise, style)
    np.testing.assert_allclose(drawn, same, atol=1e-3)
    assert torch.equal(drawn, two)
    np.testing.assert_allclose(blend.shares.sum(dim=1), 1, atol=1e-5)
    assert float(blend.shares.std(dim=(2, 3)).min()) > 0.05


def test_a_seed_gives_the_same_networks_and_the_same_step() -> None:
    def step() -> list[Any]:
        torch.manual_seed(3)
        network = networks.build_networks(TINY)
        references = torch.rand(1, 2, 3, 64, 64)
        drawn, _ = network(references, references, _inputs(64, 2))
        drawn.picture.square().sum().backward()
        return [each.grad for each in network.parameters() if each.grad is not None]

    assert all(torch.equal(*pair) for pair in zip(step(), step(), strict=True))


@pytest.mark.parametrize("wrong", [{"kind": "big"}, {"width": 6}, {"size": 100}, {"embedding": 0}, {"width": 8.5}])
def test_plans_that_cannot_be_built(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=str(next(iter(wrong.values())))):
        replace(TINY, **wrong)


def test_pixels_come_back() -> None:
    pixels = np.arange(2 * 4 * 8 * 3, dtype=np.uint8).reshape(2, 4, 8, 3)
    tensor = networks.to_tensor(pixels)
    assert tensor.shape == (2, 3, 4, 8)
    assert float(networks.to_tensor(np.full((1, 1, 3), 255, np.uint8)).min()) == 1
    np.testing.assert_array_equal(networks.to_pixels(tensor), pixels)
    assert networks.to_pixels(tensor * 9).max() == 255
