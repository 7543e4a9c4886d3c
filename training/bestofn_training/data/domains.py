"""Which domain a problem belongs to: the groups for which weights are learned. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bestofn.types import Problem

from ..errors import BadData, BadInput

PLATFORM_DIFFICULTY = "platform-difficulty"
CATEGORY = "category"
COLUMN = "column:"

_LIBRARIES: dict[str, str] = {
    "Cryptography": "base64 binascii codecs crypto cryptography hashlib hmac rsa secrets",
    "Network": (
        "aiohttp bs4 cgi django email flask flask_login flask_mail flask_restful flask_wtf ftplib "
        "http httpx ipaddress mechanize requests select smtplib socket socketserver ssl "
        "sendgrid tornado urllib urllib3 werkzeug wtforms xmlrpc"
    ),
    "Time": "calendar dateutil datetime holidays pytz time timeit zoneinfo",
    "Visualization": (
        "cv2 folium geopandas matplotlib mpl_toolkits pil plotly pillow seaborn skimage turtle "
        "wordcloud"
    ),
    "System": (
        "asyncio configparser csv ctypes docx errno fnmatch getpass glob gzip importlib inspect io "
        "json logging multiprocessing openpyxl os pathlib pickle platform psutil queue shlex "
        "shutil signal sqlite3 subprocess sys tarfile tempfile textwrap threading unicodedata "
        "warnings xlwt xml yaml zipfile zlib"
    ),
    "Computation": (
        "array bisect cmath decimal fractions gensim geopy heapq keras lxml math networkx nltk "
        "numpy pandas pytesseract scipy sklearn soundfile librosa statistics statsmodels sympy "
        "tensorflow textblob torch xmltodict"
    ),
    "General": (
        "ast collections contextlib copy dataclasses difflib enum faker functools itertools "
        "operator prettytable random re regex string struct traceback types typing uuid"
    ),
}
_CATEGORY_OF = {name: group for group, names in _LIBRARIES.items() for name in names.split()}
CATEGORIES = tuple(_LIBRARIES)
"""The seven task categories of BigCodeBench, the rarer first."""


def check_rule(rule: str) -> None:
    """Refuse a rule that does not exist.

    Raises:
        BadInput: it is none.
    """
    if rule not in (PLATFORM_DIFFICULTY, CATEGORY) and not rule.startswith(COLUMN):
        raise BadInput(
            "domain", f"{rule!r} is none of {PLATFORM_DIFFICULTY}, {CATEGORY}, {COLUMN}NAME"
        )
    if rule == COLUMN:
        raise BadInput("domain", f"{COLUMN} needs the name of a metadata column behind it")


def domain_of(problem: Problem, rule: str, *, otherwise: str) -> str:
    """The domain of a problem.

    Args:
        problem: The task.
        rule: ``platform-difficulty`` (LiveCodeBench in the DaJ paper, section 5.1); ``category``
            (BigCodeBench there): the metadata's ``category``, else what most of its ``libs`` are
            for; ``column:NAME`` for that column of the metadata.
        otherwise: For ``platform-difficulty`` where neither is known: the benchmark's name.

    Raises:
        BadData: naming the problem and the column that is missing.
        BadInput: there is no such rule.
    """
    check_rule(rule)
    if rule == PLATFORM_DIFFICULTY:
        known = (problem.platform.strip(), problem.difficulty.strip())
        return "-".join(part for part in known if part) or otherwise
    if rule == CATEGORY:
        given = problem.metadata.get("category")
        if isinstance(given, str) and given.strip():
            return given.strip()
        libraries = problem.metadata.get("libs")
        if not isinstance(libraries, list | tuple):
            raise BadData(
                f"problem {problem.id!r}",
                "has neither 'category' nor 'libs' in its metadata; choose another --domain",
            )
        return category_of(map(str, libraries))
    column = rule.removeprefix(COLUMN)
    value = problem.metadata.get(column)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        has = ", ".join(sorted(map(str, problem.metadata))) or "nothing"
        raise BadData(f"problem {problem.id!r}", f"its metadata has no {column!r} (it has: {has})")
    return str(value).strip()


def category_of(libraries: Iterable[str]) -> str:
    """The task category that most of these libraries are for; of equals the rarer one."""
    roots = [library.split(".")[0].strip().lower() for library in libraries]
    votes = Counter(_CATEGORY_OF.get(root, "General") for root in roots)
    if not votes:
        return "General"
    return max(votes, key=lambda group: (votes[group], -CATEGORIES.index(group)))
