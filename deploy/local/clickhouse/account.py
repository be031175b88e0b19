"""Who may connect: one user who may do everything, with or without a password, and users with rights."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.local.clickhouse.errors import AUTHENTICATION_FAILED, EngineError
from schemas.access import WORKER, Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    user: str
    password: str = field(repr=False)
    rights: Rights = WORKER


class Accounts:
    """All there are."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = tuple(accounts)

    def admit(self, user: str, password: str) -> Rights:
        """What this user may. Raises `EngineError` unless both are right, after the same time whichever is wrong."""
        found = None
        for account in self._accounts:
            same_user = hmac.compare_digest(_digest(user), _digest(account.user))
            same_password = hmac.compare_digest(_digest(password), _digest(account.password))
            if same_user & same_password:
                found = account
        if found is None:
            text = f"DB::Exception: {user}: Authentication failed (AUTHENTICATION_FAILED)"
            raise EngineError(AUTHENTICATION_FAILED, text)
        return found.rights


def _digest(text: str) -> bytes:
    """Of the same length whatever the text's, which the comparison would tell."""
    return hashlib.sha256(text.encode()).digest()
