"""How much each training sample counts: the alpha of section 4, learned at the upper level."""

from .base import Bounds, Movement, Weighting
from .net import InstanceNet
from .none import NoWeights
from .tables import DomainTable, InstanceTable, Table

__all__ = [
    "Bounds",
    "DomainTable",
    "InstanceNet",
    "InstanceTable",
    "Movement",
    "NoWeights",
    "Table",
    "Weighting",
]
