"""What every writing command has to have first: settings, the right portal, and the lease."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

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
    return identify(reach(settings, entities=entities), is_setup=is_setup)


def reach(
    settings: Settings,
    *,
    entities: tuple[str, ...] = (),
) -> Session:
    """Both ends by their settings, and what the catalogue says; HubSpot is not asked yet."""
    run_id = str(uuid.uuid4())
    logs.bind(run_id=run_id)
    logs.phase("settings")
    warehouse = Warehouse(settings)
    return Session(
        run_id,
        settings,
        warehouse,
        HubSpot(settings),
        Lease(warehouse, settings.table("reverse_etl_lease"), run_id),
        "",
        chosen(warehouse, settings, entities),
    )


def chosen(warehouse: Warehouse, settings: Settings, entities: tuple[str, ...]) -> list[Row]:
    """The objects of the catalogue that were asked for: all, unless some were named."""
    objects = warehouse.query(
        f"select * from {settings.table('catalogue_objects')} order by entity"
    )
    known = [str(row["entity"]) for row in objects]
    for entity in entities:
        if entity not in known:
            near = get_close_matches(entity, known, n=1)
            question = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError("unknown_entity", f"there are {', '.join(known)}{question}")
    if not objects:
        raise SettingsError("unknown_entity", "the catalogue has no objects")
    return [row for row in objects if row["entity"] in (entities or known)]


def identify(session: Session, *, is_setup: bool = False) -> Session:
    """The session, with the portal that its token belongs to. A token that is missing is found out
    only here: by now the ledger is in reach, which tells alerts what has been told."""
    logs.phase("portal")
    session.hubspot.sign_in(session.settings.hubspot_token(setup=is_setup))
    portal_id = session.hubspot.portal_id()
    if not portal_id:
        raise SettingsError("no_portal", "HubSpot names no portal for this token")
    settings = session.settings
    logs.event("connected", project=settings.project, dataset=settings.dataset, portal=portal_id)
    _require_own(session, portal_id)
    return replace(session, portal_id=portal_id)


def _require_own(session: Session, portal_id: str) -> None:
    """A data set and its id map belong to the portal of their first run."""
    settings = session.settings
    bound = session.lease.row()["portal_id"]
    if bound not in (None, "", portal_id):
        raise SettingsError(
            "wrong_portal",
            f"this dataset belongs to portal {bound}, the token to {portal_id}: each portal has a "
            "BQ_DATASET of its own",
        )
    owners = session.warehouse.query(
        f"""select portal_id, foreign_dataset from {settings.table("id_map_owners")}
        where portal_id != @portal_id or foreign_dataset is not null
        limit 1""",
        portal_id=portal_id,
    )
    for owner in owners:
        where = owner["foreign_dataset"] or f"portal {owner['portal_id']}"
        raise SettingsError(
            "wrong_portal", f"the id map {settings.id_map_table} belongs to {where}: name another"
        )


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
