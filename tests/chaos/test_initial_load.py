"""The first load of a big clinic, killed half way, and started again."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from sandbox.sample_data import Clinic, fill
from sandbox.stack import LocalStack
from tests.chaos.process import Running

PATIENTS = int(os.environ.get("INITIAL_LOAD_PATIENTS", "200000"))
KILLED_AFTER = PATIENTS // 250  # batches: half of what there is, or a little less


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(patients=PATIENTS, rois=PATIENTS // 100, contacts=PATIENTS // 50, seed=6)


@pytest.mark.timeout(0)  # half an hour
@pytest.mark.full
def test_a_first_load_that_is_killed_half_way_is_gone_on_with(
    clinic: Clinic, tmp_path: Path
) -> None:
    """Nobody is missing, nobody is there twice, and nobody has to allow a mass change."""
    # HubSpot's highest tier; how fast it answers is another test's matter.
    options = ("--burst", "190", "--daily", "0")
    with LocalStack(work_dir=tmp_path, simulator_options=options) as stack:
        fill(stack.bigquery, stack.hubspot, stack.gcp_project, clinic)
        stack.dbt("build")
        stack.hubspot.fault(
            "hold", name="held", when="after", seconds=600,
            match={"path_regex": "/batch/upsert$", "after_n_requests": KILLED_AFTER},
        )  # fmt: skip
        running = Running(["initial-load", "--yes"], stack.env)
        try:
            while not stack.hubspot.wait_fired("held", timeout=10):
                assert running.is_running, running.end()
        finally:
            dead = running.kill()
        assert dead.exit_code == -9, dead
        stack.hubspot.clear_faults()
        begun = _patient_keys(stack)
        assert sum(begun.values()) >= KILLED_AFTER * 100 * 9 // 10

        # What two minutes would do to the lease of a holder that has died.
        stack.query(
            f"""update `{stack.etl}.reverse_etl_lease`
            set expires_at = current_timestamp() where holder is not null"""
        )
        done = stack.pusher("initial-load", "--yes")
        finished = done.events[-1] if done.events else {}
        assert done.exit_code == 0, finished

        keys = _patient_keys(stack)
        # Rows of the older implementation have no hash.
        known = {
            row["natural_key"]: row["hubspot_id"]
            for row in stack.query(
                f"""select natural_key, hubspot_id from `{stack.etl}.hubspot_id_map`
                where entity = 'patients' and payload_hash is not null"""
            )
        }
        states = {
            row["state"]: row["records"]
            for row in stack.query(
                f"""select state, count(*) as records from `{stack.etl}.sync_status`
                where entity = 'patients' group by state"""
            )
        }
        assert max(keys.values()) == 1
        assert set(begun) | set(known) <= set(keys)
        assert len(set(known.values())) == len(known) == states["unchanged"]
        assert not {"create", "update"} & states.keys()


def _patient_keys(stack: LocalStack) -> Counter[str]:
    """How many live contacts carry each patient's key."""
    return Counter(
        properties["amd_patient_id"]
        for properties in stack.hubspot.live("contacts").values()
        if properties.get("amd_patient_id")
    )
