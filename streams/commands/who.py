"""Who gives a command, for what is kept of it."""

from __future__ import annotations

import getpass
import os


def user_here() -> str:
    """The name of the process's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"
