"""BigQuery through its own client: statements, procedure calls, pages of rows, atomic appends.

Every round trip is counted and timed, so that a run can say how long it waited. Google's
exceptions quote rows (a cast error its value, a load error its line): their class, reason and
job id are logged, their text never.
"""

from __future__ import annotations

import concurrent.futures
import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from types import ModuleType
from typing import Any, TypeVar, cast

import requests

from pusher import logs
from pusher.errors import Failed, PusherError, SettingsError, Transient
from pusher.retry import Policy
from pusher.settings import Settings

UNUSED = (
    "pandas",
    "pyarrow",
    "db_dtypes",
    "pandas_gbq",
    "google.cloud.bigquery_storage_v1",
    "opentelemetry",
)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Hide modules that BigQuery's client would import where they are installed, and that nothing
    here needs. `/usr/bin/time python -c "import pusher.run"`: 1.0 s of CPU and 70 MB so, 3.4 s and
    181 MB with them."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


with _without(*UNUSED):
    from google.api_core import exceptions as google_errors
    from google.api_core.retry import Retry
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.cloud import bigquery

JOB_SECONDS = 900.0
PAGE_ROWS = 500
TRANSIENT = (
    google_errors.TooManyRequests,
    google_errors.ServerError,
    requests.ConnectionError,
    requests.Timeout,
    TransportError,
)
TRANSIENT_REASONS = {
    "rateLimitExceeded",
    "jobRateLimitExceeded",
    "quotaExceeded",
    "backendError",
    "jobBackendError",
    "internalError",
    "jobInternalError",
}
TYPES = {int: "INT64", datetime: "TIMESTAMP", str: "STRING"}

NO_RETRY: Any = None  # the client's type says Retry, its documentation None

Row = dict[str, Any]
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
        self._lock = threading.Lock()
        self._policy = Policy(settings.max_retries + 1, settings.initial_backoff, cap=20.0)
        options: dict[str, Any] = {}
        if settings.emulator:
            # The embedded BigQuery knows no accounts.
            anonymous: Any = AnonymousCredentials
            options["credentials"] = anonymous()
            options["client_options"] = {"api_endpoint": settings.emulator}
        try:
            self._client = bigquery.Client(
                project=settings.project, location=settings.location, **options
            )
        except GoogleAuthError as error:
            raise SettingsError("no_credentials", type(error).__name__) from None

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

    def call(self, procedure: str, *arguments: str | datetime, unless: str | None = None) -> None:
        """Call a procedure of our dataset.

        A call that must not happen twice names a query that finds a row once it has happened:
        it is asked before the call is repeated. Arguments are written out, since scripts take no
        query parameters on the embedded BigQuery; none can hold what would end its literal.
        """
        sql = f"call {self._settings.table(procedure)}({', '.join(map(_literal, arguments))})"
        statement = self._statement(sql, {})
        has_begun = False

        def begin(job_id: str) -> Any:
            nonlocal has_begun
            if has_begun and unless and self.query(unless):
                return None
            has_begun = True
            return statement(job_id)

        self._run(begin, lambda job: job and _finished(job))

    def pages(self, sql: str, **parameters: Any) -> Iterator[list[tuple[str | None, ...]]]:
        """The rows of a large answer, page by page; a page that fails is read again.

        Cells are the text that BigQuery sends: to make Python values of them, which the client
        does one at a time, would cost a fourth of the CPU of a whole run.
        """
        retry = Retry(predicate=_is_transient, initial=0.5, maximum=8.0, timeout=60.0)
        pages = self._run(
            self._statement(sql, parameters),
            lambda job: iter(_finished(job, page_size=PAGE_ROWS, retry=retry).pages),
        )
        while True:
            with self._timed():
                try:
                    page = next(pages, None)
                except Exception as error:
                    raise Failed(self._translated(error).code, "a page failed") from None
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
        )
        name = f"{self._settings.project}.{self._settings.dataset}.{table}"
        lines.getvalue()  # trims the buffer to its content, so that reading it makes no copy
        self._run(
            lambda job_id: self._client.load_table_from_file(
                lines, name, rewind=True, job_id=job_id, job_config=config, num_retries=0
            ),
            _finished,
            on_failure=on_failure,
        )

    def _statement(self, sql: str, parameters: dict[str, Any]) -> Callable[[str], Any]:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in parameters.items()]
        )
        options = {"retry": NO_RETRY, "job_retry": NO_RETRY, "timeout": JOB_SECONDS}
        return lambda job_id: self._client.query(sql, job_id=job_id, job_config=config, **options)

    def _run(
        self,
        begin: Callable[[str], Any],
        read: Callable[[Any], T],
        *,
        on_failure: Callable[[], None] = lambda: None,
    ) -> T:
        """Begin a job and read what came of it, again and again where that may help.

        Google's own ten minutes of retries are off: these are short, the same everywhere, and know
        that a job whose begin went unanswered may be running.
        """
        job_id = str(uuid.uuid4())
        job: Any = None

        def attempt() -> T:
            nonlocal job_id, job
            with self._timed():
                try:
                    job = self._begun(begin, job_id)
                    return read(job)
                except PusherError:
                    raise
                except Exception as error:
                    on_failure()
                    if job is not None and job.error_result:
                        job_id = str(uuid.uuid4())  # that one has failed for good
                    raise self._translated(error, job) from None

        try:
            return self._policy.call(attempt)
        except Transient as error:
            raise Failed(error.code, "BigQuery could not be reached or is overloaded") from None

    def _begun(self, begin: Callable[[str], Any], job_id: str) -> Any:
        try:
            return begin(job_id)
        except google_errors.Conflict:
            return self._client.get_job(job_id, location=self._settings.location, retry=NO_RETRY)

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
        code = f"bigquery_{_reason(error) or type(error).__name__}"
        logs.event(
            "bigquery_error",
            severity="WARNING",
            code=code,
            job_id=getattr(job, "job_id", None),
        )
        if _is_transient(error):
            return Transient(code)
        if isinstance(error, google_errors.NotFound):
            return SettingsError("not_built", "a table or view is missing: run `dbt build` first")
        if isinstance(error, google_errors.Forbidden):
            return Failed(code, "BigQuery refused access: look at the roles of this account")
        return Failed(code, "BigQuery refused a statement: look the job id up in its history")


def _finished(job: Any, **options: Any) -> Any:
    return job.result(**{"retry": NO_RETRY, "timeout": JOB_SECONDS, **options})


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, TRANSIENT) or _reason(error) in TRANSIENT_REASONS:
        return True
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
