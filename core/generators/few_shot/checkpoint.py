# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of trained networks: safetensors, whose header says what they are. Nothing is ever unpickled."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ...errors import BadInputError
from ...files import write_bytes
from .discriminator import COLUMNS
from .networks import NetworkPlan, Networks, build_discriminator, build_networks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from .discriminator import Discriminator

SHIPPED = Path(__file__).parent / "hybrid.safetensors"
"""Networks that were trained on synthetic heads: see docs/model-card.md."""
FORMAT = "gioconda-few-shot"
VERSION = 1

_NETWORKS, _DISCRIMINATOR = "networks.", "discriminator."


@dataclass(frozen=True)
class Checkpoint:
    """Trained networks."""

    networks: Networks
    discriminator: Discriminator | None  # without columns, as tuning to a new person needs it
    made_from: dict[str, Any]  # data, steps, metrics: whatever JSON can hold


def save_checkpoint(
    path: Path, networks: Networks, made_from: Mapping[str, Any], discriminator: Discriminator | None = None
) -> None:
    """Write networks, and a discriminator for those who tune them; the columns of its people are left out.

    Numbers have half precision, which is more than drawing and tuning need.
    """
    tensors = halved(_NETWORKS, networks.state_dict())
    if discriminator is not None:
        tensors |= halved(_DISCRIMINATOR, discriminator.common_state())
    write_tensors(path, tensors, "networks", {"plan": asdict(networks.plan), "made_from": dict(made_from)})


def load_checkpoint(path: Path | None = None) -> Checkpoint:
    """Networks as `save_checkpoint` wrote them, ready to draw (eval); by default those that ship.

    Raises BadInputError that names the file.
    """
    path = path or SHIPPED
    tensors, header = read_tensors(path, "networks")
    plan = plan_of(path, header)
    if not isinstance(header.get("made_from"), dict):
        raise BadInputError(f"{path}: its header does not tell what it was made from (made_from).")
    networks = build_networks(plan)
    load_state(networks, part_of(tensors, _NETWORKS), path)
    discriminator = None
    state = part_of(tensors, _DISCRIMINATOR)
    if state:
        discriminator = build_discriminator(plan, people=0)
        state[COLUMNS + "weight"] = discriminator.columns.weight  # of nobody
        load_state(discriminator, state, path)
        discriminator.eval()
    return Checkpoint(networks.eval(), discriminator, header["made_from"])


def plan_of(path: Path, header: Mapping[str, Any]) -> NetworkPlan:
    """The plan that stands in a file's header. Raises BadInputError."""
    try:
        return NetworkPlan(**header["plan"])
    except (KeyError, TypeError, BadInputError) as error:
        raise BadInputError(f"{path}: its description of the networks cannot be used ({error}).") from error


def load_state(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Put the tensors of a file into a module; BadInputError unless they are those that it has."""
    wanted = module.state_dict()
    unlike = [name for name in state.keys() & wanted.keys() if state[name].shape != wanted[name].shape]
    problems = {
        "missing": sorted(wanted.keys() - state.keys()),
        "unknown": sorted(state.keys() - wanted.keys()),
        "of another shape": sorted(unlike),
        "with numbers that are none": sorted(name for name in state if not state[name].isfinite().all()),
    }
    told = [f"{len(names)} {what}, such as {names[0]}" for what, names in problems.items() if names]
    if told:
        raise BadInputError(f"{path}: its tensors are not those of these networks ({'; '.join(told)}).")
    module.load_state_dict(state)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], kind: str, header: Mapping[str, Any]) -> None:
    """Write tensors with a header of JSON; `kind` says what file of ours it is. Raises BadInputError."""
    told = {"format": FORMAT, "version": str(VERSION), "kind": kind, "header": json.dumps(header)}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(plain, told))


def read_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` wrote: tensors by name, and the header. Raises BadInputError that names the file."""
    tensors, told = read_safetensors(path)
    _check_origin(path, told, kind)
    try:
        return tensors, json.loads(told["header"])
    except (KeyError, ValueError) as error:
        raise BadInputError(f"{path}: its header is damaged ({error}).") from error


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of any safetensors file by name, and its metadata. Raises BadInputError that names the file."""
    try:
        opened: Any = safe_open(path, framework="pt")
        with opened as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise BadInputError(f"{path}: this is no safetensors file, or it is cut off ({error}).") from error
    except OSError as error:
        raise BadInputError(f"{path}: the file cannot be read ({error.strerror or error}).") from error


def _check_origin(path: Path, told: Mapping[str, str], kind: str) -> None:
    if told.get("format") != FORMAT:
        raise BadInputError(f"{path}: these tensors were not written by Gioconda's few-shot network.")
    if told.get("version") != str(VERSION):
        raise BadInputError(
            f"{path}: this file has version {told.get('version')} of its format; this Gioconda reads version "
            f"{VERSION}. Make it anew, or use the Gioconda that made it."
        )
    if told.get("kind") != kind:
        raise BadInputError(f"{path}: this is a file of {told.get('kind')}; one of {kind} is needed.")


def halved(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state in half precision, under names that begin so: see `part_of`."""
    return {prefix + name: tensor.half() for name, tensor in state.items()}


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
