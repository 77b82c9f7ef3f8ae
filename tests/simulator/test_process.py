"""Starting the simulator: its options, its ready file, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox.hubspot.client import SETUP_TOKEN, SimulatorProcess

from .conftest import Api

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_ready_file_names_port_and_process(tmp_path: Path) -> None:
    """The ready file appears whole, once the server listens; the parent's end ends the server."""
    ready = tmp_path / "ready.json"
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sandbox.hubspot",
            "--ready-file",
            str(ready),
            "--ready-fd",
            str(writing),
            "--exit-on-stdin-eof",
        ],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        pass_fds=(writing,),
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = json.loads(pipe.readline())

    assert json.loads(ready.read_text()) == said
    assert said["pid"] == process.pid
    health = requests.get(f"http://127.0.0.1:{said['port']}/_sim/health", timeout=20)
    assert health.json()["status"] == "ok"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0


def test_a_bare_portal_lacks_our_properties() -> None:
    """A bare portal has what HubSpot gives everyone, and setup has everything to do."""
    with SimulatorProcess("--bare", "--without-roi", "--portal-id", "77") as process:
        api = Api(process.base_url, SETUP_TOKEN)
        names = [row["name"] for row in api.get("/crm/v3/properties/contacts").json()["results"]]

        assert "email" in names
        assert "amd_patient_id" not in names
        assert api.get("/crm-object-schemas/v3/schemas").json()["results"] == []
        assert api.get("/account-info/v3/details").json()["portalId"] == 77
        process.control.provision()
        assert api.get("/crm-object-schemas/v3/schemas/p77_roi").status_code == 200


def test_options_reach_the_portal(tmp_path: Path) -> None:
    """Options and settings on the command line hold from the start."""
    (tmp_path / "hubspot_objects.csv").write_text(
        "entity,object_type_default,id_property_default,object_name,singular_label\n"
        "patients,contacts,amd_patient_id,contact,Contact\n"
        "rois,p_roi,roi_id,roi,ROI\n"
    )
    (tmp_path / "hubspot_properties.csv").write_text(
        "entity,property,label,type,field_type,options,is_unique,is_required,sensitivity\n"
        "patients,natural_id,AMD ID,string,text,,true,false,\n"
        "patients,mood,Mood,enumeration,select,Good=g;Bad=b,false,false,sensitive\n"
        "rois,natural_id,ROI ID,string,text,,true,true,\n"
    )
    with SimulatorProcess(
        "--catalogue-dir",
        str(tmp_path),
        "--roi-id-not-unique",
        "--burst",
        "7",
        "--settings",
        '{"echo_trace_id": false}',
    ) as process:
        settings = process.control.settings()
        api = Api(process.base_url)
        mood = api.get("/crm/v3/properties/contacts/mood").json()

        assert (settings["burst_limit"], settings["echo_trace_id"]) == (7, False)
        assert [option["value"] for option in mood["options"]] == ["g", "b"]
        assert mood["dataSensitivity"] == "sensitive"
        assert api.get("/crm/v3/properties/contacts/amd_patient_id").json()["hasUniqueValue"]
        assert not api.get("/crm/v3/properties/p_roi/roi_id").json()["hasUniqueValue"]


def test_a_simulator_that_cannot_start_says_so() -> None:
    """A wrong option is an error, not a wait."""
    with pytest.raises(RuntimeError, match="did not start"):
        SimulatorProcess("--nosuch").start()


def test_it_ends_with_its_block() -> None:
    """Leaving the block ends the process by its id."""
    with SimulatorProcess() as process:
        pid = process.pid
        os.kill(pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
