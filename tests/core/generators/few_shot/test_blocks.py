# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of the few-shot networks, and that each network is built of them as the paper says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

OPTIONAL = "the few-shot networks need core/requirements-torch.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
blocks = pytest.importorskip("core.generators.few_shot.blocks", reason=OPTIONAL)
resizing = pytest.importorskip("core.generators.few_shot.resizing_convs", reason=OPTIONAL)
networks = pytest.importorskip("core.generators.few_shot.networks", reason=OPTIONAL)

PLANS = {kind: networks.NetworkPlan(kind, width=8, embedding=16, size=64) for kind in networks.KINDS}


@pytest.fixture(autouse=True)
def _alike() -> None:
    torch.set_num_threads(1)  # on a busy machine threads that wait for one another take ten times as long
    torch.manual_seed(1)


@pytest.fixture(params=networks.KINDS)
def network(request: pytest.FixtureRequest) -> Any:
    return networks.build_networks(PLANS[request.param]).eval()


def _inputs(count: int = 1) -> Any:
    pictures = torch.rand(count, 2, 3, 64, 64) * 2 - 1
    return networks.Inputs(pictures[:, 0], pictures, torch.rand(count, 2, 1, 64, 64), torch.zeros(count, 1, 64, 64))


def _statistics(network: Any, inputs: Any, style: Any) -> list[tuple[float, float]]:
    """Mean and spread of what every adaptive norm gives, on the first of its channels."""
    found: list[Any] = []
    hooks = [
        norm.register_forward_hook(lambda _, __, given: found.append(given[0, 0].clone()))
        for norm in blocks.adaptive_norms(network)
    ]
    with torch.no_grad():
        network.draw_styled(inputs, style)
    for hook in hooks:
        hook.remove()
    return [(float(given.mean()), float(given.std(correction=0))) for given in found]


def test_every_adaptive_norm_has_numbers_of_its_own(network: Any) -> None:
    norms = blocks.adaptive_norms(network.generator)
    numbers = network.project(torch.zeros(1, 16)).shape[1]
    assert [norm.start for norm in norms] == [sum(2 * each.channels for each in norms[:i]) for i in range(len(norms))]
    assert numbers == sum(2 * norm.channels for norm in norms)
    style = torch.rand(1, numbers) + 0.5
    inputs = _inputs()
    before = _statistics(network, inputs, style)
    assert len(before) == len(norms)  # each is used, and once: in the order of the modules
    for number, norm in enumerate(norms):
        changed = style.clone()
        changed[0, norm.start] += 3  # the shift and
        changed[0, norm.start + norm.channels] *= 2  # the scale of its first channel
        for other, (mean, spread) in enumerate(_statistics(network, inputs, changed)):
            shift, scale = mean - before[other][0], spread / before[other][1]
            assert (shift, scale) == pytest.approx((3, 2) if other == number else (0, 1), abs=0.01), (number, other)


def test_an_adaptive_norm_sets_mean_and_spread() -> None:
    norm = blocks.AdaptiveInstanceNorm(3)
    style = torch.tensor([[1.0, 2, 3, 0.5, 1, -2]])
    given = norm(torch.randn(1, 3, 32, 32) * 7 + 5, style)
    np.testing.assert_allclose(given.mean(dim=(2, 3))[0], style[0, :3], atol=1e-5)
    np.testing.assert_allclose(given.std(dim=(2, 3), correction=0)[0], style[0, 3:].abs(), atol=1e-3)


def test_each_of_a_batch_is_normalised_by_itself() -> None:
    norm, styles = blocks.AdaptiveInstanceNorm(3), torch.randn(2, 6)
    features = torch.randn(2, 3, 8, 8) * torch.tensor([2.0, 9])[:, None, None, None]
    together = norm(features.to(memory_format=torch.channels_last), styles)
    for number in range(2):
        alone = norm(features[number : number + 1], styles[number : number + 1])
        np.testing.assert_allclose(together[number], alone[0], atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_resizing_convolutions_are_a_convolution_and_a_resizing(*, bias: bool) -> None:
    conv, features = torch.nn.Conv2d(5, 7, 3, padding=1, bias=bias).requires_grad_(False), torch.randn(2, 5, 6, 10)
    doubled = torch.nn.functional.interpolate(features, scale_factor=2, mode="nearest")
    for layout in (torch.contiguous_format, torch.channels_last):
        own = features.to(memory_format=layout)
        np.testing.assert_allclose(resizing.DoublingConv(conv)(own), conv(doubled), atol=1e-5)
        halved = torch.nn.functional.avg_pool2d(conv(features), 2)
        np.testing.assert_allclose(resizing.HalvingConv(conv)(own), halved, atol=1e-5)


def test_attention_begins_as_nothing_and_then_looks_far() -> None:
    attention, features = blocks.SelfAttention(16), torch.randn(1, 16, 4, 4, requires_grad=True)
    assert torch.equal(attention(features), features)
    with torch.no_grad():
        attention.gate.fill_(1)
    attention(features)[0, :, 0, 0].sum().backward()
    assert bool((features.grad[0, :, 3, 3] != 0).any())


def _weights(network: Any) -> dict[str, Any]:
    kinds = torch.nn.Conv2d | torch.nn.Linear
    return {name: part.weight for name, part in network.named_modules() if isinstance(part, kinds)}


@pytest.mark.parametrize("kind", networks.KINDS)
def test_every_weight_has_a_spectral_norm_of_one(kind: str) -> None:
    network, discriminator = networks.build_networks(PLANS[kind]), networks.build_discriminator(PLANS[kind], 5)
    weights = {**_weights(network), **_weights(discriminator), "W": discriminator.columns.weight}
    assert len(weights) == 2 + len(_weights(network)) + len(_weights(discriminator)) - 1
    begins_at_zero = {"generator.out", "generator.move", "generator.shares.judge"}  # ours, of the hybrid
    for name, weight in weights.items():
        norm = torch.linalg.matrix_norm(weight.detach().flatten(1), 2).item()
        assert norm == pytest.approx(0 if name in begins_at_zero else 1, abs=0.15), name


def test_baked_networks_draw_the_same(network: Any) -> None:
    inputs, embedding = _inputs(), torch.rand(1, 16)
    with torch.no_grad():
        before = network.draw(inputs, embedding).picture
        network.bake()
        assert not any("parametrizations" in name for name in network.state_dict())
        np.testing.assert_allclose(network.draw(inputs, embedding).picture, before, atol=1e-4)


def test_self_attention_looks_at_every_place_however_many_queries_go_at_a_time() -> None:
    torch.manual_seed(0)
    layer = blocks.SelfAttention(16).eval()
    layer.gate.data.fill_(0.5)
    features = torch.randn(2, 16, 15, 13)  # 195 places: a part of the queries is left over
    flat = features.flatten(2)
    query, key, value = (part(features).flatten(2) for part in (layer.query, layer.key, layer.value))
    weights = torch.einsum("nei,nej->nij", query, key).softmax(2)
    wanted = flat + 0.5 * torch.einsum("nij,ncj->nci", weights, value)
    assert torch.allclose(layer(features).flatten(2), wanted, atol=1e-5)
