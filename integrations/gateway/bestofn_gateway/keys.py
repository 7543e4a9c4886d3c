"""Who may use the gateway, and what each has left."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from bestofn import Budget, Usage

from .errors import ErrorAnswer, GatewayError, no_quota
from .settings import KeyLimits, KeySettings


@dataclass(eq=False)
class Account:
    """What one key has spent since the server started.

    Attributes:
        name: For the log and errors.
        limits: What it may spend.
        spent: What is known to be spent.
        reserved: Calls that requests under way may still make.
    """

    name: str
    limits: KeyLimits
    spent: Usage = field(default_factory=Usage)
    reserved: int = 0

    def reserve(self, calls: int, *, least: int = 1) -> int:
        """Room for up to so many calls; ends with :meth:`settle`.

        Args:
            calls: That are wanted.
            least: That will do.

        Raises:
            GatewayError: 429, naming the limit that is spent.
        """
        limits, spent = self.limits, self.spent
        if limits.tokens is not None and spent.input_tokens + spent.output_tokens >= limits.tokens:
            raise self._spent("tokens", limits.tokens)
        if limits.dollars is not None and spent.dollars >= limits.dollars:
            raise self._spent("dollars", limits.dollars)
        if limits.calls is not None:
            calls = min(calls, limits.calls - spent.calls - self.reserved)
            if calls < least:
                raise self._spent("calls", limits.calls)
        self.reserved += calls
        return calls

    def settle(self, reserved: int, usage: Usage) -> None:
        """Replace what was reserved by what was spent."""
        self.reserved -= reserved
        self.spent += usage

    def within(self, budget: Budget, calls: int) -> Budget:
        """A request's budget, cut to what is left here.

        Args:
            budget: The request's.
            calls: What was reserved for it.
        """
        limits, spent = self.limits, self.spent
        tokens, dollars = budget.tokens, budget.dollars
        if limits.tokens is not None:
            left = max(0, limits.tokens - spent.input_tokens - spent.output_tokens)
            tokens = left if tokens is None else min(tokens, left)
        if limits.dollars is not None:
            rest = max(0.0, limits.dollars - spent.dollars)
            dollars = rest if dollars is None else min(dollars, rest)
        return Budget(calls=calls, tokens=tokens, dollars=dollars, seconds=budget.seconds)

    def _spent(self, what: str, limit: float) -> GatewayError:
        return no_quota(f"The key {self.name!r} has spent its budget of {limit:g} {what}.")


class Keyring:
    """The accounts, found by key in a time that says nothing about the keys.

    Args:
        keys: Without any, everybody shares one account without limits.
    """

    def __init__(self, keys: Iterable[KeySettings]) -> None:
        self._accounts = [(_digest(key), Account(key.name, key)) for key in keys]
        self._everybody = Account("everybody", KeyLimits())

    @property
    def asks(self) -> bool:
        """Whether a key is needed."""
        return bool(self._accounts)

    def account(self, authorization: str | None) -> Account:
        """Whose key that is.

        Args:
            authorization: The header's value.

        Raises:
            GatewayError: 401.
        """
        if not self._accounts:
            return self._everybody
        scheme, _, key = (authorization or "").partition(" ")
        given = hashlib.sha256(key.strip().encode("latin-1")).digest()
        found = None
        for digest, account in self._accounts:  # all of them, wherever it is found
            if hmac.compare_digest(digest, given):
                found = account
        if found is None or scheme.lower() != "bearer":
            raise GatewayError(
                ErrorAnswer(
                    status=401,
                    message="This gateway needs a key: Authorization: Bearer KEY."
                    if authorization is None
                    else "The key is not one of this gateway's.",
                    code="invalid_api_key",
                    headers={"www-authenticate": "Bearer"},
                )
            )
        return found


def _digest(key: KeySettings) -> bytes:
    if key.sha256 is not None:
        return bytes.fromhex(key.sha256)
    assert key.key is not None
    return hashlib.sha256(key.key.get_secret_value().encode()).digest()
