"""The data sets that can be replayed, one module each."""

from __future__ import annotations

from streams.replay.source import Source
from streams.replay.sources import fraud_handbook, jsonl, online_retail, otto, rees46, reviewed_retail, taobao

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (online_retail, reviewed_retail, rees46, taobao, otto, fraud_handbook, jsonl)
}
