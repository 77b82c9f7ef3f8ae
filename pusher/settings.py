"""All configuration, read once from the environment into one frozen value.

Each setting has one name and is taken from DBT_<NAME> (dbt Cloud passes only those), else
<NAME>, else its default. `.env.example` is the reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pusher.errors import SettingsError

HUBSPOT_HOST = "api.hubapi.com"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_\-.:]+")


@dataclass(frozen=True)
class Environment:
    """As much of the environment as alerts need: they must also tell of settings that are wrong.

    `environ` stays out of its text, since it holds secrets.
    """

    environ: Mapping[str, str] = field(repr=False)
    project: str
    dataset: str
    emulator: str | None

    @staticmethod
    def unchecked(environ: Mapping[str, str]) -> Environment:
        read = _Reader(environ)
        emulator = read.text("BIGQUERY_EMULATOR_HOST", "") or None
        return Environment(
            environ, read.text("GCP_PROJECT_ID", ""), read.text("BQ_DATASET", "etl"), emulator
        )

    def get(self, name: str, default: str = "") -> str:
        """A setting that only one module reads (alerts, say), by the same rule as the rest."""
        return _Reader(self.environ).text(name, default)

    def secret(self, name: str, secret_name: str | None = None) -> str | None:
        """A secret from the environment, else from Secret Manager, which is asked only then."""
        value = self.get(name)
        if value or not secret_name or self.emulator:
            return value or None
        from google.api_core.exceptions import GoogleAPICallError, NotFound
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import secretmanager

        path = secret_name
        if "/" not in path:
            path = f"projects/{self.project}/secrets/{secret_name}/versions/latest"
        try:
            answer = secretmanager.SecretManagerServiceClient().access_secret_version(name=path)
        except NotFound:
            return None
        except (GoogleAPICallError, GoogleAuthError) as error:
            raise SettingsError(
                "secret_unreadable", f"{name}: Secret Manager said {type(error).__name__}"
            ) from None
        return str(answer.payload.data.decode("utf-8")).strip() or None


@dataclass(frozen=True)
class Settings(Environment):
    """Settings of the pusher, all of them checked."""

    ledger_table: str
    dlq_table: str
    id_map_table: str
    location: str | None
    bq_timeout: float
    bq_retry_seconds: float
    hubspot_base: str
    api_version: str
    batch_size: int
    max_retries: int
    initial_backoff: float
    request_timeout: float
    workers: int
    max_reject_percent: float
    max_reject_rows: int
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check everything; the first thing wrong is a SettingsError of one line."""
        read = _Reader(environ)
        if not read.text("GCP_PROJECT_ID", ""):
            raise SettingsError(
                "no_project", "set GCP_PROJECT_ID; .env.example lists every setting"
            )
        project = read.name("GCP_PROJECT_ID", "")
        dataset = read.name("BQ_DATASET", "etl")
        prefix = f"{project}.{dataset}"
        settings = cls(
            environ=environ,
            project=project,
            dataset=dataset,
            ledger_table=read.name("RUN_LEDGER_TABLE", f"{prefix}.reverse_etl_run_ledger"),
            dlq_table=read.name("DLQ_TABLE", f"{prefix}.reverse_etl_dlq"),
            id_map_table=read.name("ID_MAP_TABLE", f"{prefix}.hubspot_id_map"),
            location=read.text("BQ_LOCATION", "") or None,
            bq_timeout=read.number("BQ_TIMEOUT_SECONDS", 30, at_least=0.1, at_most=900),
            bq_retry_seconds=read.number("BQ_RETRY_SECONDS", 600, at_least=0, at_most=3600),
            emulator=read.text("BIGQUERY_EMULATOR_HOST", "") or None,
            hubspot_base=read.text("HUBSPOT_BASE", f"https://{HUBSPOT_HOST}").rstrip("/"),
            api_version=read.text("HUBSPOT_API_VERSION", "2026-09"),
            batch_size=read.integer("BATCH_SIZE", 100, at_least=1, at_most=100),
            max_retries=read.integer("MAX_RETRIES", 5, at_least=0, at_most=20),
            initial_backoff=read.number("INITIAL_BACKOFF", 0.5, at_least=0, at_most=30),
            request_timeout=read.number("REQUEST_TIMEOUT_SECONDS", 20, at_least=0.1, at_most=60),
            workers=read.integer("WORKERS", 32, at_least=1, at_most=128),
            max_reject_percent=read.number("MAX_REJECT_PERCENT", 10, at_least=0, at_most=100),
            max_reject_rows=read.integer("MAX_REJECT_ROWS", 20, at_least=0, at_most=10**9),
            log_level=read.text("LOG_LEVEL", "INFO").upper(),
        )
        settings._check_places(read.text("CONTROL_DATASETS", ""))
        settings._check_hosts(read.text("HUBSPOT_ALLOWED_HOSTS", ""))
        if not re.fullmatch(r"v3|20\d\d-\d\d(-beta)?", settings.api_version):
            raise SettingsError("bad_setting", "HUBSPOT_API_VERSION must be v3 or like 2026-09")
        if settings.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise SettingsError("bad_setting", "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
        return settings

    def _check_places(self, others: str) -> None:
        """A copied file of settings must not lead to another environment's id map: the tables of a
        data set lie in it, or where somebody has said that they may."""
        known = {f"{self.project}.{self.dataset}", *(name.strip() for name in others.split(","))}
        for name, table in (
            ("RUN_LEDGER_TABLE", self.ledger_table),
            ("DLQ_TABLE", self.dlq_table),
            ("ID_MAP_TABLE", self.id_map_table),
        ):
            if table.rpartition(".")[0] not in known:
                raise SettingsError(
                    "foreign_table",
                    f"{name} lies outside {self.project}.{self.dataset}: leave it out, or name its "
                    "data set in CONTROL_DATASETS",
                )

    def _check_hosts(self, allowed: str) -> None:
        """PHI goes to HubSpot over TLS, or to a simulator on this machine, and nowhere else."""
        url = urlsplit(self.hubspot_base)
        local = _is_loopback(url.hostname)
        hosts = {HUBSPOT_HOST, *(host.strip().lower() for host in allowed.split(","))}
        trusted = url.scheme == "https" and (url.hostname or "") in hosts - {""}
        if not (trusted or (local and url.scheme in ("http", "https"))) or url.username:
            raise SettingsError(
                "bad_host",
                f"HUBSPOT_BASE must be https://{HUBSPOT_HOST}, a loopback address, or an https "
                "host named in HUBSPOT_ALLOWED_HOSTS",
            )
        if self.emulator and "://" not in self.emulator:
            raise SettingsError("bad_setting", "BIGQUERY_EMULATOR_HOST needs its scheme: http://…")
        if bool(self.emulator) != local:
            raise SettingsError(
                "mixed_environments",
                "the BigQuery emulator goes with a loopback HUBSPOT_BASE, and only with that",
            )
        # dbt reads this name by itself, before it asks the profile.
        if self.emulator and self.environ.get("DBT_TARGET", "local") != "local":
            raise SettingsError(
                "mixed_environments",
                "DBT_TARGET would have dbt build elsewhere than on the emulator: unset one of "
                "DBT_TARGET and BIGQUERY_EMULATOR_HOST",
            )

    @property
    def time_zone(self) -> ZoneInfo:
        """The clinic's, for times that people read."""
        name = self.get("TIME_ZONE", "America/New_York")
        try:
            return ZoneInfo(name)
        except (OSError, ValueError):
            raise SettingsError("bad_setting", "TIME_ZONE is no time zone") from None

    def table(self, name: str) -> str:
        """A table, view or procedure of our dataset, quoted for SQL."""
        return f"`{self.project}.{self.dataset}.{name}`"

    def hubspot_token(self, *, setup: bool = False) -> str:
        """The token; `setup` takes the wider one, which nightly runs need not have."""
        name = "HUBSPOT_SETUP_TOKEN" if setup else "HUBSPOT_TOKEN"
        stored = None if setup else self.get("HUBSPOT_API_SECRET_NAME", "HubspotApiKey")
        token = self.secret(name, stored)
        if not token:
            place = "" if setup else " or the secret named by HUBSPOT_API_SECRET_NAME"
            raise SettingsError("no_token", f"set {name}{place}")
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise SettingsError("bad_token", f"{name} holds blanks or characters no token has")
        return token

    def stamp(self, built_with: str) -> str:
        """The settings that a build was made with, as this environment would have them.

        Takes the stamp that dbt wrote and gives it back with our own values: SQL compares the two,
        so a build and a push under different settings never meet.
        """
        ours = [
            {
                "name": entry["name"],
                "value": self.environ.get(
                    f"DBT_{entry['name']}", self.environ.get(entry["name"], entry["default"])
                ),
                "default": entry["default"],
            }
            for entry in json.loads(built_with)
        ]
        return json.dumps(ours, separators=(",", ":"), ensure_ascii=True)

    def differences(self, built_with: str) -> str | None:
        """What a build was told otherwise, by name and both values."""
        pairs = zip(json.loads(built_with), json.loads(self.stamp(built_with)), strict=True)
        return (
            "; ".join(
                f"{build['name']} is {ours['value']!r} here, {build['value']!r} in the build"
                for build, ours in pairs
                if build["value"] != ours["value"]
            )
            or None
        )


class _Reader:
    """Looks settings up and checks their form."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        for key in (f"DBT_{name}", name):
            value = self._environ.get(key, "").strip()
            if value:
                return value
        return default

    def name(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not _IDENTIFIER.fullmatch(value):
            raise SettingsError("bad_setting", f"{name} is not a BigQuery name")
        return value

    def number(self, name: str, default: float, *, at_least: float, at_most: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not at_least <= value <= at_most:
            raise SettingsError(
                "bad_setting", f"{name} must be a number from {at_least} to {at_most}"
            )
        return value

    def integer(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        value = self.number(name, default, at_least=at_least, at_most=at_most)
        if value != int(value):
            raise SettingsError("bad_setting", f"{name} must be a whole number")
        return int(value)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
