# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning to one person: what it begins with, what it changes, and how it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import BadInputError

OPTIONAL = "training needs core/requirements-torch.txt and core/requirements-train.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
finetune = pytest.importorskip("core.training.finetune", reason=OPTIONAL)
losses = pytest.importorskip("core.training.losses", reason=OPTIONAL)
networks = pytest.importorskip("core.generators.few_shot.networks", reason=OPTIONAL)

PICTURES = 3


class Case:
    """Untrained networks, and three pictures of somebody."""

    def __init__(self, kind: str = "hybrid", *, discriminator: bool = True, **tuning: Any) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(7)
        plan = networks.NetworkPlan(kind, width=8, embedding=16, size=64)
        self.networks = networks.build_networks(plan)
        self.discriminator = networks.build_discriminator(plan, people=0) if discriminator else None
        pictures = (torch.rand(1, 3, 8, 8) * 2 - 1).repeat_interleave(8, 2).repeat_interleave(8, 3)
        lines = torch.rand(PICTURES, 3, 64, 64) * 2 - 1
        warps = pictures[:, None] + 0.3 * torch.randn(PICTURES, 2, 3, 64, 64)
        precise = torch.zeros(PICTURES, 1, 64, 64)
        inputs = networks.Inputs(lines, warps, torch.rand(PICTURES, 2, 1, 64, 64), precise)
        self.frames = finetune.PersonFrames(pictures.expand(PICTURES, -1, -1, -1), inputs)
        self.told: list[dict[str, Any]] = []
        weights = losses.LossWeights()
        plan = finetune.FineTuning(**{"iterations": 3, "batch": 2, "generator_rate": 1e-3, **tuning})
        content = losses.ContentLoss(weights)
        self.tuner = finetune.FineTuner(
            self.networks, self.discriminator, self.frames, content, weights, plan, self.told.append
        )

    def draw(self) -> Any:
        """All three pictures, as tuned so far."""
        with torch.no_grad():
            style = self.tuner.style.expand(PICTURES, -1)
            return self.networks.eval().draw_styled(self.frames.inputs, style).picture


def _state(module: Any) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in module.named_parameters()}


def _changed(module: Any, before: dict[str, Any]) -> set[str]:
    return {name for name, tensor in module.named_parameters() if not torch.equal(tensor, before[name])}


@pytest.mark.parametrize("kind", networks.KINDS)
def test_it_begins_as_the_networks_would_draw_and_judge(kind: str) -> None:
    case = Case(kind)
    network, frames = case.networks.eval(), case.frames
    with torch.no_grad():
        embedding = network.embed(frames.pictures[None], frames.inputs.landmark_pictures[None])
        np.testing.assert_allclose(case.tuner.style.detach(), network.project(embedding), rtol=1e-3, atol=1e-4)
        judge = case.discriminator.eval()
        adversary = case.tuner._adversary
        scores, features = adversary._look(frames.pictures, frames)
        seen = torch.relu(features[-1]).sum(dim=(2, 3))
        column = judge.realism.weight[0] + embedding[0]  # w0 + e
        np.testing.assert_allclose(scores, seen @ column + judge.realism.bias, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", networks.KINDS)
def test_it_trains_the_generator_the_style_the_column_and_the_discriminator_only(kind: str) -> None:
    case = Case(kind, iterations=2)
    before, judge, style = _state(case.networks), _state(case.discriminator), case.tuner.style.detach().clone()
    column = case.tuner._adversary._column.detach().clone()
    assert len(list(case.tuner.iterations())) == 2
    changed = _changed(case.networks, before)
    assert {name.split(".")[0] for name in changed} == {"generator"}
    assert not any(name.startswith("generator.projection") for name in changed)
    assert not torch.equal(case.tuner.style, style)
    assert not torch.equal(case.tuner._adversary._column, column)
    judged = _changed(case.discriminator, judge)
    assert any(name.startswith("down.") for name in judged)
    assert not any(name.startswith(("columns.", "realism.parametrizations.")) for name in judged)


@pytest.mark.parametrize(("kind", "discriminator"), [("paper", True), ("hybrid", True), ("hybrid", False)])
def test_it_learns_the_person(kind: str, discriminator: bool) -> None:  # noqa: FBT001
    case = Case(kind, discriminator=discriminator, iterations=8, batch=1, generator_rate=5e-3)
    before = float(case.tuner._content(case.draw(), case.frames.pictures))
    found = list(case.tuner.iterations())
    assert float(case.tuner._content(case.draw(), case.frames.pictures)) < 0.97 * before
    wanted = {"content", "adversarial", "features", "discriminator"} if discriminator else {"content"}
    assert {name for each in found for name in each} == wanted
    assert not case.networks.generator.training  # ready to draw
    assert not case.told


def test_a_seed_gives_the_same_person() -> None:
    def tuned() -> dict[str, Any]:
        case = Case(iterations=2)
        assert list(case.tuner.iterations())
        return case.tuner.snapshot()

    first, second = tuned(), tuned()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_a_snapshot_brings_everything_back() -> None:
    case = Case()
    before, snapshot = case.draw(), case.tuner.snapshot()
    assert list(case.tuner.iterations())
    assert not torch.equal(case.draw(), before)
    case.tuner.restore(snapshot)
    assert torch.equal(case.draw(), before)


def test_a_loss_that_is_no_number_ends_it_and_the_last_good_state_is_kept() -> None:
    case = Case(iterations=9)
    tuning, good = case.tuner.iterations(), {}
    next(tuning)
    good = case.tuner.snapshot()
    next(tuning)  # its loss is that of `good`, and a number
    with torch.no_grad():
        case.networks.generator.out.bias.fill_(float("nan"))  # as a step that went wrong leaves it
    assert not list(tuning)
    (told,) = case.told
    assert "after 2 iterations" in told["message"]
    assert told["event"] == "warning"
    assert not case.networks.generator.training  # ready to draw
    kept = case.tuner.snapshot()
    parameters = {name for name, _ in case.networks.generator.named_parameters()} | {"style"}
    assert all(torch.equal(kept[name], good[name]) for name in parameters)


def test_a_slope_that_is_no_number_is_not_followed() -> None:
    case = Case(discriminator=False)
    before = _state(case.networks)
    case.tuner.style.register_hook(lambda slope: slope * float("nan"))
    assert not list(case.tuner.iterations())
    assert not _changed(case.networks, before)


class Scarce(torch.nn.Module):
    """A content loss that has room for some pictures only."""

    def __init__(self, content: Any, most: int, error: Exception) -> None:
        super().__init__()
        self.content, self.most, self.error = content, most, error

    def forward(self, drawn: Any, target: Any) -> Any:
        if len(drawn) > self.most:
            raise self.error
        return self.content(drawn, target)


CPU_TOLD = "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: ..."


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(CPU_TOLD), MemoryError()]
)
def test_short_memory_makes_the_batch_smaller_and_says_so(error: Exception) -> None:
    case = Case(batch=3, iterations=2, discriminator=False)
    case.tuner._content = Scarce(case.tuner._content, 1, error)
    assert len(list(case.tuner.iterations())) == 2
    assert [told["message"] for told in case.told] == ["Memory is short: tuning goes on with 1 pictures at a time."]


def test_no_memory_for_one_picture_is_an_error_that_says_so() -> None:
    case = Case(discriminator=False)
    case.tuner._content = Scarce(case.tuner._content, 0, MemoryError())
    with pytest.raises(BadInputError, match="not enough memory"):
        list(case.tuner.iterations())


def test_other_errors_are_not_taken_for_short_memory() -> None:
    case = Case(discriminator=False)
    case.tuner._content = Scarce(case.tuner._content, 0, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        list(case.tuner.iterations())
    assert not case.told
