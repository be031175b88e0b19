"""Passwords of ClickHouse's users: `users.json` in the stack's folder, which only its owner reads."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy.local.exceptions import FolderInUse
from schemas.access import RIGHTS

_FILE = "users.json"
_PASSWORD_BYTES = 24


def users_file(folder: Path) -> Path:
    return folder / _FILE


def read_passwords(folder: Path) -> Mapping[str, str]:
    """By user; empty where ClickHouse has none but the one who may do everything."""
    try:
        return {str(user): str(password) for user, password in json.loads(users_file(folder).read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError):
        raise FolderInUse(f"{users_file(folder)} can't be read: remove it, and users are made anew") from None


def make_passwords(folder: Path) -> None:
    """One for each user."""
    written = json.dumps({user: secrets.token_urlsafe(_PASSWORD_BYTES) for user in RIGHTS}, indent=2) + "\n"
    with open(os.open(users_file(folder), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(written)
