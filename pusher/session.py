"""What every writing command has to have first: settings, the right portal, and the lease."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pusher import logs
from pusher.errors import PusherError, SettingsError
from pusher.hubspot import HubSpot
from pusher.lease import Lease
from pusher.settings import Settings
from pusher.warehouse import Row, Warehouse


@dataclass(frozen=True)
class Session:
    """Both ends of the wire, and what they have been told about this run."""

    run_id: str
    settings: Settings
    warehouse: Warehouse
    hubspot: HubSpot
    lease: Lease
    portal_id: str  # blank until `identify` has asked
    objects: list[Row]  # of the view catalogue_objects

    @property
    def entities(self) -> list[str]:
        return [row["entity"] for row in self.objects]


def connect(
    settings: Settings,
    *,
    entities: tuple[str, ...] = (),
    is_setup: bool = False,
) -> Session:
    """Reach BigQuery and HubSpot and learn which portal this is; writes nothing."""
    return identify(reach(settings, entities=entities, is_setup=is_setup))


def reach(
    settings: Settings,
    *,
    entities: tuple[str, ...] = (),
    is_setup: bool = False,
) -> Session:
    """Both ends by their settings, and what the catalogue says; HubSpot is not asked yet."""
    run_id = str(uuid.uuid4())
    logs.bind(run_id=run_id)
    logs.phase("settings")
    hubspot = HubSpot(settings, settings.hubspot_token(setup=is_setup))
    warehouse = Warehouse(settings)
    objects = warehouse.query(f"select * from {settings.table('catalogue_objects')}")
    unknown = set(entities) - {row["entity"] for row in objects}
    if unknown or not objects:
        known = ", ".join(sorted(row["entity"] for row in objects))
        raise SettingsError("unknown_entity", f"the catalogue has: {known or 'nothing'}")
    return Session(
        run_id,
        settings,
        warehouse,
        hubspot,
        Lease(warehouse, settings.table("reverse_etl_lease"), run_id),
        "",
        sorted(
            (row for row in objects if row["entity"] in (entities or [row["entity"]])),
            key=lambda row: str(row["entity"]),
        ),
    )


def identify(session: Session) -> Session:
    """The session, with the portal that its token belongs to."""
    logs.phase("portal")
    portal_id = session.hubspot.portal_id()
    if not portal_id:
        raise SettingsError("no_portal", "HubSpot names no portal for this token")
    return replace(session, portal_id=portal_id)


@contextmanager
def holding_lease(session: Session) -> Iterator[None]:
    """Hold the lease; every write to HubSpot asks first whether it will last."""
    logs.phase("lease")
    session.lease.take(session.portal_id, session.settings.hubspot_base)
    longest = session.settings.request_timeout + 5.0
    session.hubspot.before_write = lambda: session.lease.check(longest)
    try:
        yield
    finally:
        try:
            session.lease.release()
        except PusherError as error:
            logs.event("lease_not_released", severity="WARNING", code=error.code)
