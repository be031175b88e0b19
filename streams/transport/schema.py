"""Decoding, left out: it happens later and off the event loop."""

from __future__ import annotations

from typing import Any

import faust


class RunSchema(faust.Schema[Any, Any]):
    """Hands keys and values through as they are."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        return message.value
