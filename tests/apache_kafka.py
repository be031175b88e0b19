"""An unpacked Apache Kafka, of ``KAFKA_HOME`` or beside the repository: not on every machine."""

from __future__ import annotations

import os
from pathlib import Path

KAFKA_HOME = Path(os.environ.get("KAFKA_HOME") or Path(__file__).parents[2] / "shared" / "kafka")
IS_THERE = (KAFKA_HOME / "libs").is_dir()
WHY_NOT = "KAFKA_HOME names no Apache Kafka"
