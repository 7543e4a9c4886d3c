"""What is served of a run: an adapter, a merged model, a card. Importing this room needs torch."""

from .merging import Merge
from .run import Exported, export_run
from .serving import Serving

__all__ = ["Exported", "Merge", "Serving", "export_run"]
