"""How the meta loss changes with the weights of the samples of one lower update.

One lower update is φ' = φ - u(g), g = Σ_i w_i ∇L_i(φ) / n, u the step of the optimizer. Hence

    dL_meta(φ') / dw_i = - < P ∇L_meta(φ'), ∇L_i(φ) > / n,   P = du/dg,

which needs the gradient of every micro-batch and nothing else: no second derivatives, no finite
differences. ``exact`` gets the same number by differentiating through the update, at several
times the memory; it exists for tests and for measurements.
"""

from .closed import MicroGradients, closed_influences
from .exact import exact_hypergradient, unrolled_parameters
from .optimizers import Clipping, StepJacobian, adam_jacobian, step_jacobian
from .registry import Hypergradient, register

__all__ = [
    "Clipping",
    "Hypergradient",
    "MicroGradients",
    "StepJacobian",
    "adam_jacobian",
    "closed_influences",
    "exact_hypergradient",
    "register",
    "step_jacobian",
    "unrolled_parameters",
]
