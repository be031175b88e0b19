"""Who may connect: one user, with or without a password."""

import hmac
from dataclasses import dataclass, field

from deploy.local.clickhouse.errors import AUTHENTICATION_FAILED, EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    user: str
    password: str = field(repr=False)

    def admit(self, user: str, password: str) -> None:
        """Raise `EngineError` unless both are right."""
        same_user = hmac.compare_digest(user.encode(), self.user.encode())
        if not hmac.compare_digest(password.encode(), self.password.encode()) or not same_user:
            text = f"DB::Exception: {user}: Authentication failed (AUTHENTICATION_FAILED)"
            raise EngineError(AUTHENTICATION_FAILED, text)
