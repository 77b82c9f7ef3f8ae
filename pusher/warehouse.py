"""BigQuery through its own client: statements, procedure calls, pages of rows, atomic appends.

Every round trip is counted and timed, so that a run can say how long it waited. Google's
exceptions quote rows (a cast error its value, a load error its line): their class, reason and
job id are logged, their text never.
"""

from __future__ import annotations

import concurrent.futures
import functools
import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, TypeVar

import requests

from pusher import logs
from pusher.errors import Failed, GateStop, PusherError, SettingsError, Transient, is_untrusted
from pusher.retry import Policy
from pusher.settings import Settings

# Hidden from BigQuery's client, which would import them where they are installed, for nothing.
# `/usr/bin/time python -c "import pusher.run"`: 0.66 s of CPU and 63 MB so, else 1.7 s, 152 MB.
_UNUSED = "pandas pyarrow db_dtypes pandas_gbq google.cloud.bigquery_storage_v1 opentelemetry"
_modules: dict[str, Any] = sys.modules
_hidden = set(_UNUSED.split()) - _modules.keys()
_modules.update(dict.fromkeys(_hidden))
try:
    from google.api_core import exceptions as google_errors
    from google.api_core.retry import Retry
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
    from google.cloud import bigquery
finally:
    for _name in _hidden:
        del _modules[_name]

JOB_SECONDS = 900.0  # a job in all; each request has BQ_TIMEOUT_SECONDS
LONGEST_WAIT = 32.0  # between tries, as Google's own documents have it
PAGE_ROWS = 500
TRANSIENT = (
    google_errors.TooManyRequests,
    google_errors.ServerError,
    ConnectionError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,  # half an answer
    requests.exceptions.ContentDecodingError,
    requests.JSONDecodeError,  # a page of a proxy's
    TransportError,
)
TRANSIENT_REASONS = re.compile(
    "(job)?(rateLimitExceeded|backendError|internalError)|quotaExceeded", re.IGNORECASE
)
TYPES = {int: "INT64", datetime: "TIMESTAMP", str: "STRING"}

NO_RETRY: Any = None  # the client's type says Retry, its documentation None

Row = dict[str, Any]
Begin = Callable[..., Any]  # a job, by its id and location
T = TypeVar("T")

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_line(row: Row) -> bytes:
    """A row as `append` loads it, without the newline. Half of an emoji, left where a value was cut
    to some length, has no UTF-8: a question mark takes its place."""
    return as_json(row).encode(errors="replace")


class Warehouse:
    """One BigQuery project. Shared by the threads of a run: the client keeps no state per call."""

    def __init__(self, settings: Settings) -> None:
        self.round_trips = 0
        self.seconds = 0.0
        self._settings = settings
        self._seconds = settings.bq_timeout
        # The embedded BigQuery does the work of a job within the request that begins it.
        self._long_seconds = JOB_SECONDS if settings.emulator else self._seconds
        self._lock = threading.Lock()
        self._policy = Policy(
            base=settings.initial_backoff, cap=LONGEST_WAIT, total=settings.bq_retry_seconds
        )
        self._location = settings.location
        self._asks_for_builds = False
        self._is_down = False
        options: dict[str, Any] = {}
        if settings.emulator:
            # The embedded BigQuery knows no accounts.
            anonymous: Any = AnonymousCredentials
            options["credentials"] = anonymous()
            options["client_options"] = {"api_endpoint": settings.emulator}
        try:
            self._client = bigquery.Client(project=settings.project, **options)
        except GoogleAuthError as error:
            raise SettingsError(
                "no_credentials",
                "no Google account: `gcloud auth application-default login`, or run as the "
                f"service account ({type(error).__name__})",
            ) from None
        # The client waits two minutes for results, whatever it is told.
        session = self._client._http
        session.request = functools.partial(_in_time, session.request, self._seconds)

    def query(self, sql: str, **parameters: Any) -> list[Row]:
        """All rows of a small answer."""

        def rows(job: Any) -> list[Row]:
            return [dict(row.items()) for row in _finished(job)]

        return self._run(self._statement(sql, parameters), rows)

    def execute(self, sql: str, **parameters: Any) -> int:
        """Run one DML statement and give the number of rows it changed."""

        def changed(job: Any) -> int:
            _finished(job)
            return int(job.num_dml_affected_rows or 0)

        return self._run(self._statement(sql, parameters), changed)

    def call(self, procedure: str, *arguments: str | datetime) -> None:
        """Call a procedure of our dataset; each of them may be called twice.

        Arguments are written out, since scripts take no query parameters on the embedded BigQuery;
        none can hold what would end its literal.
        """
        sql = f"call {self._settings.table(procedure)}({', '.join(map(_literal, arguments))})"
        self._run(self._statement(sql, {}, self._long_seconds), _finished)

    def pages(self, sql: str, **parameters: Any) -> Iterator[list[tuple[str | None, ...]]]:
        """The rows of a large answer, page by page; a page that fails is read again.

        Cells are the text that BigQuery sends: to make Python values of them, which the client
        does one at a time, would cost a fourth of the CPU of a whole run.
        """
        policy = self._policy
        retry = Retry(_is_transient, policy.base, policy.cap, timeout=policy.total)
        pages = self._run(
            self._statement(sql, parameters, self._long_seconds),
            lambda job: iter(_finished(job, page_size=PAGE_ROWS, retry=retry).pages),
        )
        while True:
            with self._timed():
                try:
                    page = next(pages, None)
                except Exception as error:
                    raise _final(self._translated(error)) from None
            if page is None:
                return
            rows = page.raw_page.get("rows", [])
            cells = [tuple([cell["v"] for cell in row["f"]]) for row in rows]
            rows.clear()  # the client holds on to a page until it has the next one
            yield cells

    def append(
        self, table: str, lines: BytesIO, on_failure: Callable[[], None] = lambda: None
    ) -> None:
        """Load newline-delimited JSON in one atomic job: all lines, or none.

        `on_failure` is called as soon as an attempt fails. A load whose answer got lost is asked
        for by its id; should it land twice all the same, SQL folds the rows by their own ids.
        """
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            **_job_options(),
        )
        name = f"{self._settings.project}.{self._settings.dataset}.{table}"
        lines.getvalue()  # trims the buffer to its content, so that reading it makes no copy

        options: dict[str, Any] = {"job_config": config, "num_retries": 0, "timeout": self._seconds}
        self._run(
            lambda **place: self._client.load_table_from_file(
                lines, name, rewind=True, **options, **place
            ),
            _finished,
            on_failure=on_failure,
        )

    def _statement(
        self, sql: str, parameters: dict[str, Any], seconds: float | None = None
    ) -> Begin:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in parameters.items()],
            **_job_options(),
        )
        options = {"retry": NO_RETRY, "job_retry": NO_RETRY, "timeout": seconds or self._seconds}
        return lambda **place: self._client.query(sql, job_config=config, **options, **place)

    def _run(
        self,
        begin: Begin,
        read: Callable[[Any], T],
        *,
        on_failure: Callable[[], None] = lambda: None,
    ) -> T:
        """Begin a job and read what came of it, again and again where that may help.

        Google's own retries are off: these are the same everywhere, and know that a job whose begin
        went unanswered may be running.
        """
        job_id = str(uuid.uuid4())
        job: Any = None

        def attempt() -> T:
            nonlocal job_id, job
            with self._timed():
                try:
                    job = job or self._begun(begin, job_id)
                    return read(job)
                except Exception as error:
                    on_failure()
                    translated = self._translated(error, job)
                    if job is not None and job.error_result:
                        job, job_id = None, str(uuid.uuid4())  # that one has failed for good
                    raise translated from None

        # Whoever has waited in vain once does not wait as long for the books to be closed.
        policy = replace(self._policy, total=0.0) if self._is_down else self._policy
        try:
            found = policy.call(attempt)
        except Transient as error:
            self._is_down = True
            raise _final(error) from None
        self._is_down = False
        return found

    def _begun(self, begin: Begin, job_id: str) -> Any:
        location = self._dataset_location()
        try:
            return begin(job_id=job_id, location=location)
        except google_errors.Conflict:  # of an earlier try, whose answer was lost
            pass
        try:  # without the location BigQuery looks in the US and the EU only
            return self._client.get_job(job_id, location=location, retry=NO_RETRY)
        except google_errors.NotFound:
            raise Transient("bigquery_job_not_visible") from None

    def _dataset_location(self) -> str | None:
        """Where jobs run: where the dataset is, unless a setting says otherwise. Asked once."""
        if self._location is None:
            name = f"{self._settings.project}.{self._settings.dataset}"
            try:
                found = self._client.get_dataset(name, retry=NO_RETRY).location
            except google_errors.Forbidden as error:
                if _is_transient(error):
                    raise
                found = ""  # BigQuery finds out from the tables of a statement
            self._location = found
        return self._location or None

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started_at = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self.round_trips += 1
                self.seconds += time.monotonic() - started_at

    def _translated(self, error: Exception, job: Any = None) -> PusherError:
        if isinstance(error, PusherError):
            return error
        if is_untrusted(error):
            return Failed("tls_failed", "BigQuery's certificate is refused: look at the proxy")
        code = f"bigquery_{_reason(error) or type(error).__name__}"
        job_id = getattr(job, "job_id", None)
        logs.event("bigquery_error", severity="WARNING", code=code, job_id=job_id)
        if _is_transient(error):
            return Transient(code)
        if isinstance(error, google_errors.NotFound):
            return self._not_built()
        if isinstance(error, google_errors.Forbidden):
            return Failed(code, "BigQuery refused access: look at the roles of this account")
        return Failed(code, "BigQuery refused a statement: look the job id up in its history")

    def _not_built(self) -> PusherError:
        """A table or view is missing: because a build ran and failed, or because none ran."""
        never = SettingsError("not_built", "a table or view is missing: run `dbt build` first")
        if self._asks_for_builds:
            return never
        self._asks_for_builds = True
        try:
            newest = self.query(
                f"""select status from {self._settings.table("reverse_etl_builds")}
                qualify row_number() over (
                    partition by entity order by started_at desc, invocation_id
                ) = 1"""
            )
        except PusherError:
            return never
        finally:
            self._asks_for_builds = False
        if all(row["status"] == "passed" for row in newest):
            return never
        return GateStop("build_not_passed", "a view is missing since `dbt build` failed: see why")


def _in_time(send: Callable[..., Any], seconds: float, method: str, url: str, **more: Any) -> Any:
    """Send a request; reading an answer takes no longer than that."""
    return send(method, url, **(more | {"timeout": seconds} if method == "GET" else more))


def _job_options() -> dict[str, Any]:
    """What every job carries: a total time that BigQuery keeps, too, and labels to ask
    INFORMATION_SCHEMA.JOBS by."""
    return {"job_timeout_ms": int(JOB_SECONDS * 1000), "labels": logs.labels()}


def _finished(job: Any, **options: Any) -> Any:
    return job.result(**{"retry": NO_RETRY, "timeout": JOB_SECONDS, **options})


def _final(error: PusherError) -> PusherError:
    """What is left to say when trying again has not helped."""
    if not isinstance(error, Transient):
        return error
    return Failed(error.code, "BigQuery could not be reached or is overloaded")


def _is_transient(error: BaseException) -> bool:
    if is_untrusted(error):
        return False
    if isinstance(error, TRANSIENT) or TRANSIENT_REASONS.fullmatch(_reason(error) or ""):
        return True
    if isinstance(error, RefreshError):  # Compute Engine's credentials wrap what befell them
        return bool(error.retryable) or isinstance(error.__cause__, TransportError)
    if isinstance(error, concurrent.futures.TimeoutError):  # of one request, or of the whole job
        return isinstance(error.__cause__, requests.Timeout)
    # Two statements that change one table at once; the loser may simply try again.
    return "concurrent update" in str(error)


def _reason(error: BaseException) -> str | None:
    if isinstance(error, concurrent.futures.TimeoutError):
        return "timeout"
    details = getattr(error, "errors", None) or [{}]
    reason = str(details[0].get("reason", "")) if isinstance(details[0], dict) else ""
    return reason if re.fullmatch(r"[A-Za-z]{3,40}", reason) else None


def _literal(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"timestamp '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    if not re.fullmatch(r"[\w\-.,: ]*", value, re.ASCII):
        raise SettingsError("bad_argument", "only letters, digits and -_.,: may stand in it")
    return f"'{value}'"


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, "STRING", value)
    return bigquery.ScalarQueryParameter(name, TYPES[type(value)], value)
