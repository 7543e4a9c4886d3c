"""How long a run is: what "iteration" means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["micro", "update"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The length of a run.

    Three things happen at three rates: a *micro-step* reads one micro-batch at the lower level;
    a *lower update* moves the judge after ``lower_accumulation`` micro-steps, and is followed by
    one meta batch at the upper level; an *upper update* moves the weights after
    ``upper_accumulation`` meta batches.

    Appendix B says 20,000 iterations, 16 and 8. Betty counts micro-steps, and the paper used
    Betty: read so (``unit="micro"``) that is 1,250 lower and 156 upper updates, and as Adam moves
    a number by at most about its learning rate per update, at 1e-4 no weight gets further than
    0.0156 from its start: it hardly reweights. ``unit="update"`` counts lower updates: 320,000
    micro-steps, 2,500 upper updates, a reach of 0.25, at 16 times the cost. See :meth:`reach`.

    Attributes:
        iterations: How many.
        unit: Of what: ``micro`` steps or lower ``update`` steps.
        lower_accumulation: Micro-batches per lower update.
        upper_accumulation: Meta batches, hence lower updates, per upper update.
        upper_after: Lower updates before the first meta batch. As long as Adam's moments are all
            but empty, its step is the sign of the gradient and hardly depends on how samples are
            weighted; in bfloat16 the first few hypergradients are noise whatever computes them
            (cosine between bfloat16 and float32, both exact: -.03, .83, .90, .97 after 0, 1, 4
            and 8 updates of a tiny judge). 10 or more is wise in bfloat16.
    """

    iterations: int = 20_000
    unit: Unit = "micro"
    lower_accumulation: int = 16
    upper_accumulation: int = 8
    upper_after: int = 0

    def __post_init__(self) -> None:
        for name in ("iterations", "lower_accumulation", "upper_accumulation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.upper_after < 0:
            raise ValueError(f"upper_after must be at least 0, got {self.upper_after}")
        if self.unit not in ("micro", "update"):
            raise ValueError(f"unit must be micro or update, got {self.unit!r}")

    @property
    def micro_steps(self) -> int:
        """Micro-batches read at the lower level; a last, incomplete update is not made."""
        per = self.lower_accumulation if self.unit == "update" else 1
        return self.iterations * per

    @property
    def lower_updates(self) -> int:
        """How often the judge moves."""
        return self.micro_steps // self.lower_accumulation

    @property
    def upper_updates(self) -> int:
        """How often the weights move."""
        return max(self.lower_updates - self.upper_after, 0) // self.upper_accumulation

    def reach(self, upper_rate: float) -> float:
        """How far a directly learned weight can get from its start, about, under Adam."""
        return self.upper_updates * upper_rate
