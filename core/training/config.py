# SPDX-License-Identifier: GPL-3.0-or-later
"""What is trained and how: a TOML file of plain values, read into frozen dataclasses of the same names."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from ..errors import BadInputError
from ..generators.few_shot.networks import NetworkPlan  # noqa: TC001 - load_config looks at the types of fields
from .losses import LossWeights  # noqa: TC001 - the same

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T")

PRECISIONS = ("auto", "float32", "bfloat16")

_WANTED: dict[type, str] = {
    float: "a number, 0 or more",
    int: "a whole number, 0 or more",
    bool: "true or false",
    str: "a text",
}


@dataclass(frozen=True)
class EpisodePlan:
    """What a step learns from."""

    references: int  # frames of a clip that the embedder sees (K)
    warps: int  # the hybrid sees 1 to this many warps of a target (R), a number drawn anew for each step; else 0
    batch: int  # episodes a step, all processes together
    recolouring: float  # how far all pictures of an episode change their colours, alike, at random; 0: they stay

    def __post_init__(self) -> None:
        """Raises BadInputError."""
        _check_least(self, "references", "batch")


@dataclass(frozen=True)
class OptimiserPlan:
    """How far a step goes."""

    generator_rate: float  # of the embedder and the generator
    discriminator_rate: float
    discriminator_steps: int  # for one of the generator
    discriminator_from: int  # the step it joins at; till then content is all that is learned, in a fraction of the time
    average: float  # how much of the moving average, which is what is used in the end, a step keeps

    def __post_init__(self) -> None:
        """Raises BadInputError."""
        _check_least(self, "discriminator_steps")
        if self.average >= 1:
            raise BadInputError(f"average is {self.average}; less than 1 is wanted.")


@dataclass(frozen=True)
class RunPlan:
    """How long, on what, and what is told meanwhile. All `every` are steps."""

    steps: int
    precision: str  # one of PRECISIONS; auto: bfloat16 on a GPU
    workers: int  # processes that read episodes for each process that trains; 0: it reads them itself
    report_every: int
    pictures_every: int
    measure_every: int
    measured_episodes: int  # of people who are held out
    save_every: int

    def __post_init__(self) -> None:
        """Raises BadInputError."""
        _check_least(self, "report_every", "pictures_every", "measure_every", "save_every")
        if self.precision not in PRECISIONS:
            raise BadInputError(f"precision is {self.precision!r}; one of {', '.join(PRECISIONS)} is wanted.")


@dataclass(frozen=True)
class TrainingConfig:
    """A training, whole."""

    seed: int
    network: NetworkPlan
    episodes: EpisodePlan
    losses: LossWeights
    optimiser: OptimiserPlan
    run: RunPlan

    def __post_init__(self) -> None:
        """Raises BadInputError."""
        if (self.network.kind == "hybrid") != (self.episodes.warps > 0):
            raise BadInputError(
                f"episodes.warps is {self.episodes.warps}: the hybrid needs at least 1, the paper's network 0."
            )

    def identity(self) -> dict[str, Any]:
        """What must stay the same when a training goes on, as plain values."""
        return {name: value for name, value in asdict(self).items() if name not in ("optimiser", "run")}


def load_config(path: Path) -> TrainingConfig:
    """Read one. Raises BadInputError that names the file and the key."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"{path}: there is no such file.") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: is no TOML file ({error}).") from error
    try:
        return _table(TrainingConfig, values, "")
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from error


def _table(kind: type[_T], values: dict[str, Any], place: str) -> _T:
    """A dataclass from a table of TOML and the tables in it. `place`: where it stands, such as "run."."""
    kinds = get_type_hints(kind)
    for told, keys in (("Unknown", values.keys() - kinds.keys()), ("Missing", kinds.keys() - values.keys())):
        if keys:
            raise BadInputError(f"{told}: {', '.join(place + key for key in sorted(keys))}.")
    return kind(**{key: _value(kinds[key], value, place + key) for key, value in values.items()})


def _value(kind: type, value: object, place: str) -> object:
    wanted = _WANTED.get(kind, "a table")
    if is_dataclass(kind) and isinstance(value, dict):
        return _table(kind, cast("dict[str, Any]", value), f"{place}.")
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, int | float) and value < 0):
        raise BadInputError(f"{place} is {value!r}; {wanted} is wanted.")
    return value


def _check_least(plan: object, *names: str) -> None:
    for name in names:
        if getattr(plan, name) < 1:
            raise BadInputError(f"{name} is {getattr(plan, name)}; at least 1 is wanted.")
