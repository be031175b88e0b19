"""All settings, read once from the environment.

Each field of :class:`Settings` is the variable ``FOOTFALL_`` plus its name in capitals, such as ``FOOTFALL_KAFKA``.
A secret may also be in the file that the same variable plus ``_FILE`` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from schemas.alerts import Kind
from streams.errors import SettingError
from streams.secret_files import with_files_read

_PREFIX = "FOOTFALL_"


class Secret(str):
    """A string that doesn't show itself in a ``repr``, and so neither in a log nor in a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def _setting(default: Any, help: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": help, **bounds})


@dataclass(frozen=True, kw_only=True)
class Settings:
    kafka: str = _setting("127.0.0.1:9092", "bootstrap servers, host:port separated by commas")
    kafka_security: str = _setting(
        "PLAINTEXT", "security protocol", choices=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    )
    kafka_sasl_mechanism: str = _setting("PLAIN", "SASL mechanism", choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"))
    kafka_user: str = _setting("", "SASL user")
    kafka_password: Secret = _setting(Secret(), "SASL password")
    kafka_ca: str = _setting("", "file of CA certificates; empty for the system's")
    kafka_certificate: str = _setting("", "file of the client's certificate, for mutual TLS")
    kafka_key: str = _setting("", "file of the client's key, for mutual TLS")

    group: str = _setting("footfall", "consumer group, and name of the Faust app")
    topic_prefix: str = _setting("", "goes before each topic's name")
    partitions: int = _setting(4, "partitions of topics that Footfall creates", low=1, high=1024)
    replication: int = _setting(1, "replication factor of topics that Footfall creates", low=1, high=32)
    retention_input_days: float = _setting(
        7.0, "how long the broker keeps what workers read; 0 leaves it to the broker", low=0
    )
    retention_output_days: float = _setting(
        30.0, "the same of alerts, changes of segments and dead letters; 0 leaves it to the broker", low=0
    )

    clickhouse: Secret = _setting(
        Secret("clickhouse://default@127.0.0.1:9000/default"),
        "clickhouse://user:password@host:port/database; clickhouses:// for TLS",
    )
    clickhouse_worker_password: Secret = _setting(
        Secret(), "of the user footfall_worker, whom `footfall migrate` makes where it is given"
    )
    clickhouse_console_password: Secret = _setting(Secret(), "the same of footfall_console")
    clickhouse_analyst_password: Secret = _setting(Secret(), "the same of footfall_analyst")
    clickhouse_compression: str = _setting("none", "of the native protocol", choices=("none", "lz4", "zstd"))
    clickhouse_timeout_s: float = _setting(30.0, "of one query or insert", low=0.1, high=3600)

    batch_records: int = _setting(
        4000, "records of one run, at most; a larger record batch stays whole", low=1, high=100_000
    )
    flush_rows: int = _setting(60_000, "events that may wait for being written, at most", low=1, high=10_000_000)
    flush_bytes: int = _setting(
        268_435_456, "bytes of events that may wait for being written, at most", low=1, high=1 << 40
    )
    flush_interval_s: float = _setting(0.5, "time from one write to the next, at least", low=0, high=60)
    commit_interval_s: float = _setting(1.0, "time from one commit of offsets to the next", low=0.1, high=60)
    session_timeout_s: float = _setting(10.0, "after which the broker gives a silent worker up", low=1, high=300)
    outage_deadline_s: float = _setting(120.0, "how long a service may be gone before the worker stops", low=1)

    profile_cache_rows: int = _setting(200_000, "clean profile rows a worker keeps in memory", low=1_000)
    duplicate_window: int = _setting(
        200_000, "records of a partition within which an event sent twice counts once", low=0, high=50_000_000
    )
    max_ahead_s: float = _setting(3600.0, "how far an event's time may lie beyond its record's", low=0)

    dead_letter_ratio: float = _setting(0.5, "share of dead letters in the last run length that stops", low=0, high=1)
    dead_letter_run: int = _setting(1_000, "records over which the share is taken", low=1)

    churn_horizon_days: float = _setting(30.0, "silence in event time that counts as churn", low=0.001)
    churn_long_horizon_days: float = _setting(90.0, "the same of the second horizon, predicted beside", low=0.001)
    churn_hysteresis: float = _setting(
        0.1, "how far below the threshold a silent shopper must have been for another alert", low=0, high=1
    )
    churn_valuable_spent: float = _setting(1000.0, "spent in all from which a shopper's silence is an alert", low=0)
    fraud_threshold: float = _setting(0.9, "least fraud probability of which an alert goes out", low=0, high=1)
    churn_threshold: float = _setting(0.95, "least churn probability of which an alert goes out", low=0, high=1)
    fraud_alerts_per_day: float = _setting(0.0, "fraud alerts a day of event time to aim at; 0 for any number", low=0)
    churn_alerts_per_day: float = _setting(0.0, "churn alerts a day of event time to aim at; 0 for any number", low=0)
    alert_suppress_hours: float = _setting(
        24.0, "event time within which only one alert about the same goes out; 0 for all", low=0
    )
    alert_escalate_minutes: float = _setting(
        0.0, "after which an alert that nobody acknowledged is told on alerts.system; 0 for never", low=0
    )
    alert_expire_hours: float = _setting(
        168.0, "after which an alert that nobody acknowledged waits no longer; 0 for never", low=0
    )
    drift_psi: float = _setting(0.25, "population stability index from which drift is told", low=0)
    warm_up_examples: int = _setting(200, "labels a model has to learn before it scores", low=0)
    learn_interval_s: float = _setting(2.0, "time from one round of learning to the next", low=0.05)
    model_key: Secret = _setting(Secret(), "key that signs model snapshots; needed by every worker")

    pseudonym_key: Secret = _setting(
        Secret(), "key by which shoppers, cards, addresses and devices become pseudonyms; empty for none"
    )
    erasure_key: Secret = _setting(
        Secret(), "key of receipts of erasures, and by which readers know who was erased; needed by every worker then"
    )

    segments: str = _setting("", "folder of the segments' files; empty for those that come with Footfall")
    segment_interval_s: float = _setting(60.0, "time from one look at the segments to the next", low=0.05)
    segment_holdout: float = _setting(0.1, "share of each segment that is held out", low=0, high=1)
    analyst_min_group: int = _setting(10, "shoppers of the smallest group that analysts see", low=2)

    text_model: str = _setting("", "folder or name of the text model; empty for the one that comes with Footfall")
    text_group: str = _setting("footfall-text", "consumer group of the text workers")
    text_device: str = _setting("auto", "where texts are read: auto, cpu, cuda or cuda:1")
    text_precision: str = _setting(
        "auto", "of the text model; auto for the fastest that agrees", choices=("auto", "fp32", "bf16", "fp16", "int8")
    )
    text_token_budget: int = _setting(0, "tokens of a batch, padding included; 0 for the device's", low=0)
    text_window: int = _setting(2_000, "reviews that are sorted by length and packed together, at most", low=1)
    text_cache: int = _setting(50_000, "texts whose scores are kept, to be scored once; 0 for none", low=0)
    text_lag_alert_s: float = _setting(60.0, "lag of the text workers in seconds from which it is told", low=0)
    text_fallback: str = _setting(
        "none", "what reads the texts while the lag is too long", choices=("none", "truncated", "int8")
    )

    http: str = _setting("127.0.0.1:0", "host:port of a process's HTTP server; port 0 for any, empty for none")
    http_token: Secret = _setting(Secret(), "bearer token of metrics and texts to score; needed beyond loopback")

    console_http: str = _setting("127.0.0.1:8300", "host:port of the console; port 0 for any")
    console_token: Secret = _setting(Secret(), "token to sign in to the console with; needed beyond loopback")
    console_clickhouse: Secret = _setting(
        Secret(), "as clickhouse, of the console's own user, who only reads; empty for the same"
    )

    retention_events_days: int = _setting(0, "event time that events and review scores are kept for; 0 for ever", low=0)
    retention_scores_days: int = _setting(0, "the same of predictions, from when their label is due", low=0)
    retention_alerts_days: int = _setting(0, "the same of alerts", low=0)
    retention_dead_letters_days: int = _setting(0, "time that dead letters are kept for; 0 for ever", low=0)

    log_level: str = _setting("INFO", "of the log", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    log_format: str = _setting("text", "of the log's lines; json for an object each", choices=("text", "json"))

    @property
    def alert_suppress_ms(self) -> int:
        return round(self.alert_suppress_hours * 3_600_000)

    @property
    def alert_escalate_ms(self) -> int:
        """0 for never."""
        return round(self.alert_escalate_minutes * 60_000)

    @property
    def alert_expire_ms(self) -> int:
        """0 for never."""
        return round(self.alert_expire_hours * 3_600_000)

    def alerts_per_day(self, kind: Kind) -> float:
        """The budget of a kind, 0 for none."""
        return {"fraud": self.fraud_alerts_per_day, "churn": self.churn_alerts_per_day}.get(kind, 0.0)

    def least_threshold(self, kind: Kind) -> float:
        """The score from which alerts of a kind that has any go out where no budget raises it."""
        return {"fraud": self.fraud_threshold, "churn": self.churn_threshold}[kind]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises :class:`SettingError` for a value that can't be, and for a ``FOOTFALL_`` variable that isn't one."""
        known = {_PREFIX + setting.name.upper(): setting for setting in fields(cls)}
        secrets = [name for name, setting in known.items() if isinstance(setting.default, Secret)]
        given = with_files_read({name: value for name, value in environ.items() if name.startswith(_PREFIX)}, secrets)
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            raise SettingError(f"{unknown[0]} is not a setting; the settings are {', '.join(sorted(known))}")
        return cls(**{known[name].name: _parsed(name, known[name], value) for name, value in given.items()})

    @property
    def horizons_ms(self) -> dict[Kind, int]:
        """By kind of churn, the silence in event time that counts as it."""
        days: dict[Kind, float] = {"churn": self.churn_horizon_days, "churn_long": self.churn_long_horizon_days}
        return {kind: int(horizon * 86_400_000) for kind, horizon in days.items()}

    def to_env(self) -> dict[str, str]:
        """The environment that gives these settings again, defaults left out. It holds the secrets in clear."""
        return {
            _PREFIX + setting.name.upper(): str(getattr(self, setting.name))
            for setting in fields(self)
            if getattr(self, setting.name) != setting.default
        }


def _parsed(name: str, setting: Field[Any], text: str) -> Any:
    kind: type = type(setting.default)
    rules = setting.metadata
    try:
        value = kind(text)
    except ValueError:
        raise SettingError(f"{name} is {text!r}, but must be {kind.__name__}: {rules['help']}") from None
    if "choices" in rules and value not in rules["choices"]:
        raise SettingError(f"{name} is {text!r}, but must be one of {', '.join(rules['choices'])}")
    if "low" in rules and value < rules["low"]:
        raise SettingError(f"{name} is {text}, but must be at least {rules['low']}: {rules['help']}")
    if "high" in rules and value > rules["high"]:
        raise SettingError(f"{name} is {text}, but must be at most {rules['high']}: {rules['help']}")
    return value
