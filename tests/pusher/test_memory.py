"""What people were told last, where the warehouse cannot remember."""

from __future__ import annotations

from pathlib import Path

from pusher.memory import Memory
from pusher.settings import Environment


def memory(folder: Path, *entities: str, **changes: str) -> Memory:
    named = {"GCP_PROJECT_ID": "clinic", "BQ_DATASET": "etl", "STATE_DIR": str(folder)}
    return Memory(Environment.unchecked({**named, **changes}), entities)


def test_what_was_told_last_is_remembered_until_it_is_forgotten(tmp_path: Path) -> None:
    memory(tmp_path).note("failed:portal_unreachable")
    memory(tmp_path).note("failed:warehouse")

    assert memory(tmp_path).recall() == "failed:warehouse"
    memory(tmp_path).forget()
    assert memory(tmp_path).recall() is None
    assert list(tmp_path.iterdir()) == []


def test_what_the_ledger_knows_is_for_runs_that_cannot_ask_it(tmp_path: Path) -> None:
    memory(tmp_path).note("failed", in_ledger=True)

    assert memory(tmp_path).recall(knows_ledger=True) is None
    assert memory(tmp_path).recall() == "failed"
    memory(tmp_path).note("stopped")
    assert memory(tmp_path).recall(knows_ledger=True) == "stopped"


def test_data_sets_and_entities_are_remembered_apart(tmp_path: Path) -> None:
    """Else the one that fails would keep the news of the other back."""
    memory(tmp_path, "patients").note("failed")

    assert memory(tmp_path, "rois").recall() is None
    assert memory(tmp_path, "patients", BQ_DATASET="etl_staging").recall() is None
    assert memory(tmp_path, "patients", BQ_DATASET="../etl").recall() is None
    assert memory(tmp_path, "patients").recall() == "failed"


def test_a_run_without_a_project_is_known_to_the_next(tmp_path: Path) -> None:
    """The setting that was missing is there by then."""
    memory(tmp_path, GCP_PROJECT_ID="").note("failed:bad_setting")
    assert memory(tmp_path).recall() == "failed:bad_setting"


def test_a_folder_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a folder", encoding="ascii")
    nowhere = memory(taken)
    nowhere.note("failed")

    assert nowhere.recall() is None
    nowhere.forget()
    assert taken.read_text(encoding="ascii") == "not a folder"
