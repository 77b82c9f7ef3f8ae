"""The command line: what narrows a command counts wherever it stands, or is refused."""

from __future__ import annotations

import argparse

import pytest

from pusher.__main__ import _parsed, _parser

OPTIONS = (["--entity", "rois"], ["--allow-mass-change"])


def commands() -> list[str]:
    (action,) = (
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return list(action.choices)


def texts() -> list[list[str]]:
    """Command and option, or command alone, wherever a text narrows what is done."""
    (action,) = (
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return [["--entity"]] + [
        [command, *one.option_strings[:1]]
        for command, sub in action.choices.items()
        for one in sub._actions
        if one.nargs != 0 and one.dest != "limit"
    ]


def parsed(*arguments: str) -> tuple[list[str], bool] | None:
    """What of the two options arrives; nothing where the command line is refused."""
    try:
        options = _parsed(arguments)
    except SystemExit:
        return None
    return options.entity, options.allow_mass_change


@pytest.mark.parametrize("command", commands())
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option[0])
def test_an_option_says_the_same_before_and_behind_the_command(
    command: str, option: list[str]
) -> None:
    before, behind = parsed(*option, command), parsed(command, *option)

    assert before == behind
    if before is not None:
        assert before == (["rois"], False) or before == ([], True)


@pytest.mark.parametrize("words", texts(), ids=" ".join)
@pytest.mark.parametrize("nothing", ["", " "], ids=["empty", "blank"])
def test_a_variable_that_is_empty_does_not_stand_for_everything(
    words: list[str], nothing: str
) -> None:
    """`--reason "$REASON"`, say, where nobody has set it."""
    assert parsed(*words, nothing) is None


def test_without_a_command_both_count() -> None:
    assert parsed("--entity", "rois", "--allow-mass-change") == (["rois"], True)


def test_before_and_behind_add_up() -> None:
    assert parsed("--entity", "rois", "mirror", "--entity", "patients") == (
        ["rois", "patients"],
        False,
    )
    assert parsed("--allow-mass-change", "initial-load", "--entity", "rois") == (["rois"], True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--allow-mass-change", "mirror"],
        ["--entity", "rois", "status"],
        ["--json", "status"],
        ["--limit", "5", "preview"],
        ["preview", "--limit", "-1"],
        ["preview", "--limit", "many"],
    ],
)
def test_what_a_command_does_not_take_is_refused(arguments: list[str]) -> None:
    assert parsed(*arguments) is None
