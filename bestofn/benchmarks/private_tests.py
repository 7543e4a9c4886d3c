"""LiveCodeBench's packed private tests.

They are published as base64 of zlib of a pickle of a JSON string. A pickle from a stranger can
run anything, so this unpickler refuses every name it is asked to look up: what is left of the
format is plain data.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any, NoReturn

MAX_BYTES = 1 << 30  # far above the largest published set; a zip bomb ends here


_BROKEN = (
    *(pickle.UnpicklingError, EOFError, AttributeError, LookupError, OverflowError),
    *(MemoryError, TypeError, ValueError),
)
"""What unpickling arbitrary bytes was seen to raise."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(
            f"it asks for {module_name}.{global_name}, which plain data does not; do not trust it"
        )

    def persistent_load(self, pid: Any, /) -> NoReturn:
        raise pickle.UnpicklingError(f"it refers to data outside the file ({pid!r})")


def unpack(text: str) -> Any:
    """The JSON value of a ``private_test_cases`` field, packed or plain.

    Raises:
        ValueError: it is neither; says why.
    """
    if text.lstrip()[:1] in ("[", ""):
        return json.loads(text or "[]")
    try:
        unzip = zlib.decompressobj()
        data = unzip.decompress(base64.b64decode(text, validate=True), MAX_BYTES)
        if unzip.unconsumed_tail or not unzip.eof:
            raise ValueError("the packed tests are cut short or larger than 1 GiB")
    except binascii.Error as error:
        raise ValueError(f"neither JSON nor base64: {error}") from error
    except zlib.error as error:
        raise ValueError(f"the base64 does not hold zlib data: {error}") from error
    try:
        packed = _PlainUnpickler(io.BytesIO(data)).load()
    except _BROKEN as error:
        raise ValueError(f"the pickle is not plain data: {error}") from error
    if not isinstance(packed, str):
        raise ValueError(f"the pickle holds {type(packed).__name__}, expected text")
    return json.loads(packed)
