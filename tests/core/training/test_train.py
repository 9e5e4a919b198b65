# SPDX-License-Identifier: GPL-3.0-or-later
"""Training, whole: with a network that is too small to be of use, but is trained as all are."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import BadInputError, CancelledError, GiocondaError

torch = pytest.importorskip("torch", reason="training needs core/requirements-torch.txt")
accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="training needs core/requirements-train.txt"
)
from core.data.shards import Shards  # noqa: E402 - after what needs torch
from core.generators.few_shot.checkpoint import load_checkpoint, read_safetensors  # noqa: E402
from core.training.config import TrainingConfig, load_config  # noqa: E402
from core.training.distributed import Processes  # noqa: E402
from core.training.episodes import EpisodeReader, read_episodes  # noqa: E402
from core.training.learner import Learner  # noqa: E402
from core.training.losses import ContentLoss  # noqa: E402
from core.training.state import NETWORKS, NotFiniteError, TrainingState, saved_states  # noqa: E402
from core.training.train import train  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from torch import Tensor

    from core.events import Event

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for one another take ten times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def config(tiny: Path) -> TrainingConfig:
    return load_config(tiny)


@pytest.fixture(scope="module")
def whole(config: TrainingConfig, shards: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """The folder of six steps that were trained at once, and what was told."""
    run, events = tmp_path_factory.mktemp("whole"), list[Any]()
    train(config, shards, run, events.append)
    return run, events


def _tensors(path: Path) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in read_safetensors(path)[0].items()}  # not a part of the file


def _differing(some: dict[str, Tensor], others: dict[str, Tensor]) -> list[str]:
    assert some.keys() == others.keys()
    return [name for name, tensor in some.items() if not torch.equal(tensor, others[name])]


def test_what_is_told(whole: tuple[Path, list[Event]]) -> None:
    run, events = whole
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps if "train/content" in event["values"]] == [1, 2, 3, 4, 5, 6]
    judged = [event["step"] for event in steps if "train/discriminator" in event["values"]]
    assert judged == [2, 3, 4, 5, 6], "the discriminator joins after a step"
    measured = [event["values"] for event in steps if "held_out/ssim" in event["values"]]
    assert len(measured) == 2
    assert {"held_out/l1", "held_out/warp_l1", "held_out/warp_ssim"} < measured[0].keys()
    assert events[-1] == {"event": "done", "frames": None, "output": str(run / NETWORKS)}


def test_tensorboard_shows_scalars_and_pictures(whole: tuple[Path, list[Event]]) -> None:
    shown = accumulator.EventAccumulator(str(whole[0] / "tensorboard"))
    shown.Reload()
    tags = shown.Tags()
    assert {"train/content", "train/discriminator", "train/match", "held_out/ssim"} < set(tags["scalars"])
    assert {event.step for event in shown.Scalars("train/content")} == {1, 2, 3, 4, 5, 6}
    assert set(tags["images"]) == {"train", "held_out"}
    (_, held_out) = shown.Images("held_out")
    assert (held_out.width, held_out.height) == (64 * (2 + 1 + 2 + 1 + 1 + 1), 64 * 4)


def test_a_resumed_training_is_the_same_to_the_bit(
    whole: tuple[Path, list[Event]], config: TrainingConfig, shards: Path, tmp_path: Path
) -> None:
    train(config, shards, tmp_path, print, steps=3)
    (first,) = saved_states(tmp_path)
    train(config, shards, tmp_path, print)
    *_, last = saved_states(tmp_path)
    assert (first.name, last.name) == ("state_00000003.safetensors", "state_00000006.safetensors")
    assert _differing(_tensors(last), _tensors(saved_states(whole[0])[-1])) == []
    assert _differing(_tensors(last), _tensors(first)), "training changes something"


def test_what_is_used_is_the_average(whole: tuple[Path, list[Event]]) -> None:
    state, checkpoint = _tensors(saved_states(whole[0])[-1]), load_checkpoint(whole[0] / NETWORKS)
    networks = checkpoint.networks.state_dict()
    for name, tensor in networks.items():
        assert torch.equal(tensor, state[f"average/{name}"].half().float()), name
    assert any(not torch.equal(tensor, state[f"networks/{name}"].half().float()) for name, tensor in networks.items())
    assert checkpoint.discriminator is not None
    assert checkpoint.made_from["step"] == 6
    assert checkpoint.made_from["held_out"]["ssim"] == whole[1][-2]["values"]["held_out/ssim"]


def test_two_processes_learn_what_one_does(
    core: Callable[..., Any], config: TrainingConfig, tiny: Path, shards: Path, tmp_path: Path
) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    events = list[Any]()
    train(config, shards, alone, events.append, steps=2)
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "core")
    options = ("--config", tiny, "--data", shards, "-o", together, "--steps", 2, "--progress", "json")
    done = core("train", *options, program=torchrun)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert "2 x cpu" in told[0]["message"]
    assert len(told) == len(events), "one of the processes tells, not both"
    for one, two in zip(events, told, strict=True):
        values = {name: value for name, value in one.get("values", {}).items() if name != "train/seconds"}
        assert {name: two["values"][name] for name in values} == pytest.approx(values, rel=1e-4, abs=1e-5)
    (one,), (two,) = saved_states(alone), saved_states(together)
    others = _tensors(two)
    for name, tensor in _tensors(one).items():  # a step moves a weight by 2e-4; Adam enlarges what rounding does
        assert torch.allclose(others[name], tensor, rtol=1e-4, atol=2e-5), name


def test_sigterm_saves_and_stops(config: TrainingConfig, shards: Path, tmp_path: Path) -> None:
    stops_at = 2

    def stop(event: Event) -> None:
        if event["event"] == "step" and event["step"] == stops_at and "train/content" in event["values"]:
            for process in (os.getpid(), *(child.pid for child in multiprocessing.active_children())):
                os.kill(process or 0, signal.SIGTERM)  # as a batch system does

    before = signal.getsignal(signal.SIGTERM)
    often = replace(config, run=replace(config.run, measure_every=2, workers=1))
    with pytest.raises(CancelledError):
        train(often, shards, tmp_path, stop)
    assert [path.name for path in saved_states(tmp_path)] == ["state_00000003.safetensors"]
    assert signal.getsignal(signal.SIGTERM) is before
    made_from = load_checkpoint(tmp_path / NETWORKS).made_from
    assert (made_from["step"], made_from["held_out"]["step"]) == (3, 2)
    stops_at, seldom = 4, replace(config, run=replace(config.run, measure_every=100, workers=1))
    with pytest.raises(CancelledError):
        train(seldom, shards, tmp_path, stop)
    again = load_checkpoint(tmp_path / NETWORKS).made_from
    assert (again["step"], again["held_out"]) == (5, made_from["held_out"])


def test_a_loss_that_is_no_number_stops(config: TrainingConfig, shards: Path, tmp_path: Path) -> None:
    train(config, shards, tmp_path, print, steps=1)
    (good,) = saved_states(tmp_path)
    wild = replace(config, optimiser=replace(config.optimiser, generator_rate=1e38))
    with pytest.raises(NotFiniteError, match=rf"after step [23]: .* is no number. The last good state is {good}"):
        train(wild, shards, tmp_path, print)
    assert saved_states(tmp_path) == [good]
    train(config, shards, tmp_path, print, steps=2)  # goes on, with another rate


def test_the_last_two_states_are_kept_and_a_damaged_one_is_passed_over(
    config: TrainingConfig, shards: Path, tmp_path: Path
) -> None:
    often = replace(config, run=replace(config.run, save_every=1, measure_every=100))
    train(often, shards, tmp_path, print, steps=3)
    second, third = saved_states(tmp_path)
    wanted = _tensors(third)
    third.write_bytes(third.read_bytes()[:1000])
    events = list[Any]()
    train(often, shards, tmp_path, events.append, steps=3)
    assert events[0]["event"] == "warning"
    assert str(third) in events[0]["message"]
    assert saved_states(tmp_path) == [second, third]
    assert _differing(_tensors(third), wanted) == []
    for path in (second, third):
        path.write_bytes(path.read_bytes()[:1000])
    networks = (tmp_path / NETWORKS).read_bytes()
    with pytest.raises(BadInputError, match=rf"no state .* can be read \({second.name}, {third.name}\)"):
        train(often, shards, tmp_path, print, steps=4)
    assert (tmp_path / NETWORKS).read_bytes() == networks


def test_a_folder_of_another_training_is_refused(
    whole: tuple[Path, list[Event]], config: TrainingConfig, shards: Path, make_shards: Callable[..., Path]
) -> None:
    wider = replace(config, network=replace(config.network, width=8), seed=2)
    with pytest.raises(BadInputError, match="another seed and another network"):
        train(wider, shards, whole[0], print)
    with pytest.raises(BadInputError, match="another people"):
        train(config, make_shards(people=2), whole[0], print)


def test_data_that_cannot_be_learned_from_are_refused(
    config: TrainingConfig, shards: Path, make_shards: Callable[..., Path], tmp_path: Path
) -> None:
    larger = replace(config, network=replace(config.network, size=128))
    for data, asked, told in (
        (tmp_path, config, "holds no shards"),
        (make_shards(people=0), config, "nobody to learn from"),
        (make_shards(warps=0), config, "has 0 warps a frame"),
        (shards, larger, "holds pictures of 64 pixels"),
    ):
        with pytest.raises(BadInputError, match=told):
            train(asked, data, tmp_path / "run", print)
    assert not saved_states(tmp_path / "run")


def test_a_damaged_clip_is_named_and_the_processes_that_read_end(
    config: TrainingConfig, make_shards: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_shards(people=4)
    begun = int(EpisodeReader(Shards(data), "train", config.episodes, config.seed)[0].columns)  # which is read first
    damaged = {number: data / "people" / f"person{number}" / "clip.npz" for number in range(4) if number != begun}
    for path in damaged.values():
        path.write_bytes(path.read_bytes()[:1000])
    helped = replace(config, run=replace(config.run, workers=1))
    with pytest.raises(BadInputError) as caught:
        train(helped, data, tmp_path, print)
    wanted = [f"{path}: is no clip of shards, or is damaged. Delete it and make it anew." for path in damaged.values()]
    assert str(caught.value) in wanted
    assert not multiprocessing.active_children()


def test_pictures_and_numbers_that_cannot_be_written_are_told(
    config: TrainingConfig, shards: Path, tmp_path: Path
) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    with pytest.raises(BadInputError, match="TensorBoard's file cannot be written"):
        train(config, shards, tmp_path, print)


def test_steps_that_were_done_already_are_refused(
    whole: tuple[Path, list[Event]], config: TrainingConfig, shards: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="is at step 6, so there is nothing to do up to step 5"):
        train(config, shards, whole[0], print, steps=5)
    with pytest.raises(BadInputError, match="nothing to do up to step 0"):
        train(config, shards, tmp_path, print, steps=0)


def test_short_memory_is_told_with_what_to_do(
    config: TrainingConfig, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(BadInputError, match=r"not enough memory for 2 episodes .*\(episodes\.batch\)"):
        train(config, shards, tmp_path, print)


def test_what_goes_wrong_in_one_process_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(values: list[object], own: object) -> None:
        values[:] = [own or "BadInputError('disk full')", own]

    monkeypatch.setattr("torch.distributed.all_gather_object", gather)
    two = [Processes(rank, 2, CPU) for rank in range(2)]
    with pytest.raises(BadInputError, match="read-only"), two[0].together():
        raise BadInputError("read-only")
    with pytest.raises(GiocondaError, match=r"Another process stopped: .*disk full"), two[1].together():
        pass


def test_processes_that_begin_at_different_steps_are_refused(
    config: TrainingConfig, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "gathered", lambda _self, own: [own] if own is None else [own, own + 3])
    with pytest.raises(BadInputError, match=r"states of different steps in it \(0, 3\)"):
        train(config, shards, tmp_path, print)


def test_nobody_held_out_is_told(config: TrainingConfig, make_shards: Callable[..., Path], tmp_path: Path) -> None:
    events = list[Any]()
    train(config, make_shards(held_out=0), tmp_path, events.append, steps=1)
    assert "nobody is held out" in events[0]["message"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_each_network_learns_and_leaves_the_other_one_alone(
    config: TrainingConfig, make_shards: Callable[..., Path], precision: str
) -> None:
    """The paper's network, all of which learns at once: in the hybrid some weights start at 0 and hide others."""
    paper = replace(
        config,
        network=replace(config.network, kind="paper"),
        episodes=replace(config.episodes, warps=0),
        run=replace(config.run, precision=precision),
    )
    reader, alone = EpisodeReader(Shards(make_shards(warps=0)), "train", paper.episodes, 1), Processes(0, 1, CPU)
    state = TrainingState(paper, reader.clips, CPU, [])
    learner = Learner(paper, state, ContentLoss(paper.losses), alone)
    (episodes,) = read_episodes(reader, [[0, 1]], CPU)
    losses, drawn = learner._generator_losses(episodes, judged=True)
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    assert all(weight.grad is None for weight in state.discriminator.parameters())
    gradients = [weight.grad for weight in state.networks.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    before = [gradient.clone() for gradient in gradients]
    learner._discriminator_loss(episodes, drawn).backward()
    assert all(torch.equal(*pair) for pair in zip(gradients, before, strict=True))
    assert all(weight.grad is not None and weight.grad.any() for weight in state.discriminator.columns.parameters())


def test_a_training_begins_with_what_another_one_made(config: TrainingConfig, whole: tuple[Path, list[Event]]) -> None:
    networks = whole[0] / NETWORKS
    begun = TrainingState(config, [("ann", "clip")], CPU, [], networks)
    assert not _differing(load_checkpoint(networks).networks.state_dict(), begun.average.state_dict())
    other = replace(config, network=replace(config.network, embedding=4))
    with pytest.raises(BadInputError, match=r"networks.safetensors: holds .*embedding=8.* wants .*embedding=4"):
        TrainingState(other, [("ann", "clip")], CPU, [], networks)


def test_the_average_follows(config: TrainingConfig) -> None:
    state = TrainingState(config, [("ann", "clip")], CPU, [])
    with torch.no_grad():
        for weight in state.networks.parameters():
            weight.add_(1)
    old, new = (next(each.parameters()).clone() for each in (state.average, state.networks))
    state.finish_step()
    moved = next(state.average.parameters()) - old
    torch.testing.assert_close(moved, 0.9 * (new - old))
    state.step = 100_000
    old = next(state.average.parameters()).clone()
    state.finish_step()
    torch.testing.assert_close(next(state.average.parameters()) - old, 0.001 * (new - old), rtol=1e-3, atol=1e-6)


def test_what_a_step_costs_can_be_measured(core: Callable[..., Any], tiny: Path) -> None:
    done = core(tiny, 1, program=("-m", "tests.benchmarks.training_step"))
    assert "GMAC an episode" in done.stdout, done.stderr
    assert "s of the processor" in done.stdout


def test_a_missing_package_is_named(
    core: Callable[..., Any], without: Callable[[str], str], tiny: Path, shards: Path, tmp_path: Path
) -> None:
    done = core("train", "--config", tiny, "--data", shards, "-o", tmp_path / "run", program=("-c", without("torch")))
    assert done.returncode == 3
    assert "lacks the package torch" in done.stderr
