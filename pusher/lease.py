"""One lease for all entities: who holds it may write.

It is one row, taken by an UPDATE that is judged by the rows it changed, on BigQuery's clock.
A thread renews it; a writer that finds it run out renews it first. Whoever was paused past its
end, and finds that another has taken it, stops.
"""

from __future__ import annotations

import functools
import socket
import threading
import time
from datetime import UTC, datetime

from pusher import logs
from pusher.errors import Failed, LeaseHeld, PusherError, SettingsError
from pusher.warehouse import Row, Warehouse

LIFE_SECONDS = 120
RENEW_SECONDS = 30.0

# Goes on while a machine sleeps, as a lease does. `time.monotonic` stands still on Linux, while
# the clock that macOS calls monotonic does not.
_clock = functools.partial(
    time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
)


class Lease:
    """Holds the lease from `take` to `release`."""

    def __init__(self, warehouse: Warehouse, table: str, run_id: str) -> None:
        self._warehouse = warehouse
        self._table = table
        self._run_id = run_id
        self._ends_at = 0.0  # on our own clock, never later than BigQuery's end
        self._renewing = threading.Lock()
        self._released = threading.Event()
        self._is_held = False

    def take(self, portal_id: str, hubspot_base: str) -> None:
        """Take the lease and bind the portal to it, or raise what stands against it."""
        changed = self._update(
            f"""update {self._table}
            set holder = @run_id, run_id = @run_id, host = @host, acquired_at = current_timestamp(),
                heartbeat_at = current_timestamp(),
                expires_at = timestamp_add(current_timestamp(), interval {LIFE_SECONDS} second),
                portal_id = @portal_id, hubspot_base = @hubspot_base
            where lease_name = 'pusher' and coalesce(portal_id, '') in ('', @portal_id)
                and (coalesce(holder, @run_id) = @run_id
                    or expires_at is null or expires_at < current_timestamp())""",
            portal_id=portal_id,
            hubspot_base=hubspot_base,
            host=socket.gethostname(),
        )
        if not changed:
            row = self.row()
            if row["portal_id"] not in (None, "", portal_id):
                raise SettingsError(
                    "wrong_portal",
                    f"this dataset belongs to portal {row['portal_id']}, the token to {portal_id}",
                )
            raise LeaseHeld(
                "lease_held",
                f"held by run {row['holder']} on {row['host'] or 'an unknown host'} "
                f"since {_time(row['acquired_at'])}, expires {_time(row['expires_at'])}",
            )
        self._is_held = True
        threading.Thread(target=self._keep, name="lease", daemon=True).start()

    def row(self) -> Row:
        """The lease as it stands."""
        rows = self._warehouse.query(f"select * from {self._table} where lease_name = 'pusher'")
        if len(rows) != 1:
            raise SettingsError("not_built", "the lease row is missing: run `dbt build` first")
        return rows[0]

    def outlives(self, seconds: float) -> bool:
        """Whether it is ours for so long from now."""
        return _clock() + seconds < self._ends_at

    def check(self, seconds: float) -> None:
        """Return once it is ours for so long from now; raise where it cannot be.

        It may have run out because BigQuery was out of reach, or a request got no answer. Whoever
        renews has waited for that to end, and may have to renew once more.
        """
        for _ in range(2):
            if self.outlives(seconds):
                return
            with self._renewing:
                if not self.outlives(seconds):
                    self.renew()
        if not self.outlives(seconds):
            raise Failed("lease_lost", "BigQuery takes too long to renew the lease")

    def renew(self) -> None:
        """Begin its life anew, or raise where somebody else has taken it meanwhile."""
        if not self._renewed():
            raise Failed("lease_lost", "the lease ran out, and another run has taken it")

    def release(self) -> None:
        """Give it up, where it is still ours."""
        self._released.set()
        if self._is_held:
            self._is_held = False
            self._warehouse.execute(
                f"""update {self._table}
                set holder = null, run_id = null, host = null, expires_at = null
                where lease_name = 'pusher' and holder = @run_id""",
                run_id=self._run_id,
            )

    def _keep(self) -> None:
        while not self._released.wait(RENEW_SECONDS):
            try:
                changed = self._renewed()
            except PusherError as error:
                logs.event("lease_not_renewed", severity="WARNING", code=error.code)
                continue
            if not changed:
                self._ends_at = 0.0
                logs.event("lease_lost", severity="ERROR")
                return

    def _renewed(self) -> int:
        return self._update(
            f"""update {self._table}
            set heartbeat_at = current_timestamp(),
                expires_at = timestamp_add(current_timestamp(), interval {LIFE_SECONDS} second)
            where lease_name = 'pusher' and holder = @run_id"""
        )

    def _update(self, sql: str, **parameters: str) -> int:
        # Our end counts from before the statement, BigQuery's from within it.
        ends_at = _clock() + LIFE_SECONDS
        changed = self._warehouse.execute(sql, run_id=self._run_id, **parameters)
        if changed:
            self._ends_at = ends_at
        return changed


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else "-"
