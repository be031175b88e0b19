"""Apache Kafka itself: one node (KRaft), with a durable log. It needs Java 17 and an unpacked distribution."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path

from deploy.local.exceptions import NotInstalled, NotReady
from deploy.local.kafka_probe import names_a_broker
from deploy.local.ports import HOST

FORMAT_TIMEOUT_S = 60

# The short session is for tests: a broker that was killed stays fenced for as long after its restart.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
log.cleaner.backoff.ms=500
"""
# A laptop's: small heap, no parallel collector, only the quick compiler.
_JVM = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


class ApacheKafka:
    """Args:
    home: the distribution, with its `libs`.
    folder: where its log and settings live.
    """

    kind = "apache-kafka"

    def __init__(self, home: Path, folder: Path, port: int, controller_port: int) -> None:
        self.ports = (port, controller_port)
        self._home = home
        self._logs = folder / "log"
        self._properties = folder / "server.properties"

    def prepare(self) -> None:
        """Write the settings, and format the log the first time."""
        if shutil.which("java") is None:
            raise NotInstalled("Apache Kafka needs Java 17: there is no `java` on the PATH")
        if not any(self._home.glob("libs/*.jar")):
            raise NotInstalled(f"KAFKA_HOME={self._home} holds no libs/*.jar: it must name an unpacked Kafka")
        port, controller_port = self.ports
        self._logs.mkdir(parents=True, exist_ok=True)
        written = _PROPERTIES.format(host=HOST, port=port, controller_port=controller_port, logs=self._logs)
        self._properties.write_text(written)
        if not (self._logs / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = [*self._java(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
        command = [*tool, "--config", str(self._properties), "--ignore-formatted"]
        # The command is this module's own; nothing of it comes from outside but the two folders.
        ran = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_TIMEOUT_S)  # noqa: S603
        if ran.returncode:
            raise NotReady(f"Apache Kafka's log can't be formatted:\n{ran.stdout}{ran.stderr}")

    def command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    def environment(self) -> dict[str, str]:
        return {}

    def answers(self) -> bool:
        return names_a_broker(HOST, self.ports[0])

    def _java(self) -> list[str]:
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", *_JVM, quiet, "-cp", f"{self._home}/libs/*"]
