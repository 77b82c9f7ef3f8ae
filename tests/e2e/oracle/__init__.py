"""The matching and payload rules a second time, in plain Python, as a check on the SQL.

Written from the design's text and not from the models: where this and `sync_status` differ,
one of them has misread the rules. It thinks in records, one at a time, with no regard for
speed. `decide(world)` says what becomes of every source row, `apply(world, decisions)` what
HubSpot and the id map then hold.
"""

from __future__ import annotations

from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.night import apply, decide
from tests.e2e.oracle.payloads import render
from tests.e2e.oracle.seeds import read_lists
from tests.e2e.oracle.values import read_key
from tests.e2e.oracle.world import (
    PATIENTS,
    ROIS,
    Decision,
    Decisions,
    MapRow,
    Options,
    Record,
    World,
)

__all__ = [
    "PATIENTS",
    "ROIS",
    "Decision",
    "Decisions",
    "Lists",
    "MapRow",
    "Options",
    "Record",
    "World",
    "apply",
    "decide",
    "read_key",
    "read_lists",
    "render",
]
