# SPDX-License-Identifier: GPL-3.0-or-later
"""Each loss reaches what it is meant to teach, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

OPTIONAL = "training needs core/requirements-torch.txt and core/requirements-train.txt"
torch = pytest.importorskip("torch", reason=OPTIONAL)
losses = pytest.importorskip("core.training.losses", reason=OPTIONAL)
networks = pytest.importorskip("core.generators.few_shot.networks", reason=OPTIONAL)

PERSON = 2  # of 4


class Step:
    """A step of a small training of both kinds of networks, with every gradient cleared."""

    def __init__(self, kind: str) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(5)
        plan = networks.NetworkPlan(kind, width=8, embedding=16, size=64)
        self.networks, self.discriminator = networks.build_networks(plan), networks.build_discriminator(plan, 4)
        for name in ("out", "move", "shares.judge"):  # as they are after the first steps: not 0
            if kind == "hybrid":
                torch.nn.init.normal_(self.networks.generator.get_submodule(name).weight)
        pictures = torch.rand(1, 2, 3, 64, 64) * 2 - 1
        self.target = (torch.rand(1, 3, 64, 64) * 2 - 1).requires_grad_()
        self.lines = pictures[:, 0]
        inputs = networks.Inputs(self.lines, pictures, torch.rand(1, 2, 1, 64, 64), torch.zeros(1, 1, 64, 64))
        self.drawn, self.embedding = self.networks(pictures, pictures, inputs)
        self.columns = self.discriminator.columns(torch.tensor([PERSON]))

    def judge(self, pictures: Any) -> Any:
        return self.discriminator(pictures, self.lines, self.columns)

    def reached(self, loss: Any) -> set[str]:
        """The parts whose parameters get a gradient that is not 0 (as a picture: the target)."""
        loss.backward()
        parts = {"networks.embedder": self.networks.embedder, "networks.generator": self.networks.generator}
        parts |= {f"discriminator.{name}": part for name, part in self.discriminator.named_children()}
        found = {name for name, part in parts.items() if any(map(_has_gradient, part.parameters()))}
        return found | ({"target"} if _has_gradient(self.target) else set())


def _has_gradient(tensor: Any) -> bool:
    return tensor.grad is not None and bool(tensor.grad.any())


@pytest.fixture(params=networks.KINDS)
def step(request: pytest.FixtureRequest) -> Step:
    return Step(request.param)


DRAWERS = {"networks.embedder", "networks.generator"}
JUDGES = {"discriminator.down", "discriminator.last", "discriminator.realism", "discriminator.columns"}


def test_content_reaches_embedder_and_generator(step: Step) -> None:
    content = losses.ContentLoss(losses.LossWeights())
    assert step.reached(content(step.drawn.picture, step.target)) == DRAWERS


def test_every_parameter_that_draws_is_reached(step: Step) -> None:
    losses.ContentLoss(losses.LossWeights())(step.drawn.picture, step.target).backward()
    unreached = [name for name, each in step.networks.named_parameters() if not _has_gradient(each)]
    behind_gates = [name for name in unreached if any(f".{part}." in name for part in ("query", "key", "value"))]
    assert unreached == behind_gates  # of attention, whose gates are 0


def test_the_adversarial_loss_reaches_both_sides(step: Step) -> None:
    scores, _ = step.judge(step.drawn.picture)
    assert step.reached(losses.adversarial(scores)) == DRAWERS | JUDGES


def test_a_step_against_it_deceives_the_discriminator(step: Step) -> None:
    before = losses.adversarial(step.judge(step.drawn.picture)[0])
    (slope,) = torch.autograd.grad(before, step.drawn.picture)
    with torch.no_grad():
        scores, _ = step.judge(step.drawn.picture - 0.1 * slope.sign())
    assert float(scores) > -before.item()


def test_features_reach_the_generator_but_not_by_the_real_picture(step: Step) -> None:
    _, drawn = step.judge(step.drawn.picture)
    _, real = step.judge(step.target)
    assert len(drawn) == 7
    assert step.reached(losses.feature_matching(drawn, real)) == DRAWERS | {"discriminator.down", "discriminator.last"}


def test_features_are_a_mean_over_blocks() -> None:
    drawn = [torch.full((1, 2, 4, 4), 3.0), torch.full((1, 5, 2, 2), 1.0)]
    assert losses.feature_matching(drawn, [torch.zeros_like(each) for each in drawn]).item() == 2


def test_the_hinge_reaches_the_discriminator_only(step: Step) -> None:
    real, _ = step.judge(step.target.detach())
    drawn, _ = step.judge(step.drawn.picture.detach())
    assert step.reached(losses.discriminator_hinge(real, drawn)) == JUDGES


def test_the_hinge_is_satisfied_beyond_one() -> None:
    def of(real: float, drawn: float) -> float:
        return losses.discriminator_hinge(torch.tensor([real, real]).float(), torch.tensor([drawn]).float()).item()

    assert [of(1.5, -2), of(0.5, -1), of(2, 0), of(-1, 1)] == [0, 0.5, 1, 4]


def test_the_match_reaches_the_embedder_and_the_persons_column(step: Step) -> None:
    loss = losses.embedding_match(step.embedding, step.columns)
    assert step.reached(loss) == {"networks.embedder", "discriminator.columns"}
    # Of the other columns it changes no more than the size: all are divided by one spectral norm.
    columns = step.discriminator.columns
    before = columns.weight.detach().clone()
    with torch.no_grad():
        columns.parametrizations.weight.original -= 0.1 * columns.parametrizations.weight.original.grad
    step.discriminator.eval()
    after = columns.weight.detach()
    alike = torch.nn.functional.cosine_similarity(before, after)
    assert float(alike[PERSON]) < float(alike[[0, 1, 3]].min())
    assert float((step.embedding.detach() - after[PERSON]).abs().mean()) < loss.item()


def test_the_generators_terms_are_weighted() -> None:
    drawn, real = [torch.ones(1, 1, 2, 2)], [torch.zeros(1, 1, 2, 2)]
    weights = losses.LossWeights(adversarial=3, features=5)
    terms = losses.generator_losses(losses.Judged(torch.tensor([2.0]), drawn, real), weights)
    assert {name: term.item() for name, term in terms.items()} == {"adversarial": -6, "features": 5}
