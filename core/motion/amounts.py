# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a driver's motion each region of the face takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from .controls import CONTROLS, ControlTrack

if TYPE_CHECKING:
    from collections.abc import Mapping

_JAW = {"jawOpen", "jawLeft", "jawRight", "jawForward"}


@dataclass(frozen=True)
class RegionAmounts:
    """Shares from 0, nothing, to 1, what the driver does. The mouth is all of it but the jaw, with cheeks and nose."""

    head: float = 1.0
    eyes: float = 1.0
    brows: float = 1.0
    mouth: float = 1.0
    jaw: float = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value <= 1:
                raise BadInputError(f"The amount of the {name} is {value}; a number from 0 to 1 is wanted.")

    def to_dict(self) -> dict[str, float]:
        """The JSON form."""
        return asdict(self)

    def of_control(self, name: str) -> float:
        """The amount for a control, by its name."""
        return float(getattr(self, "jaw" if name in _JAW else CONTROLS[name].region))

    def scale(self, controls: ControlTrack) -> ControlTrack:
        """The controls, brought towards neutral where an amount is below 1."""
        channels = dict(controls.channels)
        for name in channels.keys() & CONTROLS.keys():
            amount = self.of_control(name)
            if amount != 1:
                neutral = CONTROLS[name].neutral
                channels[name] = (neutral + amount * (channels[name] - neutral)).astype(np.float32)
        return ControlTrack(controls.fps, channels)


WHOLE = RegionAmounts()
"""All of what the driver does."""


def amounts_from_dict(data: Mapping[str, Any], source: str = "The amounts") -> RegionAmounts:
    """Check the JSON form; what is missing is 1. `source` names it in errors (BadInputError)."""
    known = [field.name for field in fields(RegionAmounts)]
    if not hasattr(data, "keys") or set(data) - set(known):
        raise BadInputError(f"{source}: amounts are named numbers, known are {', '.join(known)}; it is {data!r}.")
    try:
        return RegionAmounts(**{name: float(value) for name, value in data.items()})
    except (TypeError, ValueError) as error:
        raise BadInputError(f"{source}: an amount is no number ({error}).") from error
    except BadInputError as error:
        raise BadInputError(f"{source}: {error}") from None
