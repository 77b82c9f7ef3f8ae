"""Asks a HubSpot test account what HubSpot's documents leave open.

HUBSPOT_TOKEN is a service key that may write records and definitions of a developer test account
or a sandbox. Nothing is written before the account has said that it is the one of --portal-id,
and a test. What is made is taken away again; what a broken run left behind, --clean takes away.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

import requests

from sandbox.hubspot.settings import ANSWERS, Settings, write_answers

from .portal import NotATestAccount, Portal
from .questions import Answer, ask_all


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.probe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--portal-id", required=True, help="the test account's number")
    parser.add_argument("--clean", action="store_true", help="only take leftovers away")
    parser.add_argument("--gdpr", action="store_true", help="also delete a contact for good")
    parser.add_argument("--json", action="store_true", help="JSON instead of lines")
    parser.add_argument("--save", action="store_true", help=f"put the answers into {ANSWERS.name}")
    parser.add_argument("--version", default="2026-09", help="of HubSpot's API")
    parser.add_argument("--base", default="https://api.hubapi.com", help="the simulator's address")
    return parser.parse_args(arguments)


def line(answer: Answer) -> str:
    text = f"{answer.question}\n    {answer.said}"
    if not answer.setting:
        return text
    ours = getattr(Settings(), answer.setting)
    verdict = (
        "unclear" if answer.value is None else "as here" if answer.value == ours else "DIFFERS"
    )
    return f"{text}\n    {answer.setting}: {answer.value}; the simulator has {ours} ({verdict})"


def clean(portal: Portal) -> list[str]:
    try:
        return portal.clean()
    except requests.RequestException as problem:
        return [f"an unknown rest ({type(problem).__name__})"]


def main() -> int:
    options = parse_arguments()
    token = os.environ.get("HUBSPOT_TOKEN", "")
    answers: list[Answer] = []
    try:
        portal = Portal(options.base, token, options.version)
        portal.admit(options.portal_id)
    except (NotATestAccount, requests.RequestException) as refusal:
        name = refusal if isinstance(refusal, NotATestAccount) else type(refusal).__name__
        print(f"probe: {name}; nothing was written", file=sys.stderr)
        return 2
    try:
        if options.clean:
            portal.find_leftovers()
        else:
            for answer in ask_all(portal, gdpr=options.gdpr):
                answers.append(answer)
                if not options.json:
                    print(line(answer), flush=True)
    except requests.RequestException as problem:
        print(f"probe: {type(problem).__name__}: the account stopped answering", file=sys.stderr)
    finally:
        left = clean(portal)
    if options.json:
        rows = [asdict(answer) for answer in answers]
        print(json.dumps({"calls": portal.calls, "left": left, "answers": rows}, indent=2))
    else:
        print(f"{len(answers)} answers in {portal.calls} calls")
    if left:
        print(f"probe: still there: {'; '.join(left)} (--clean)", file=sys.stderr)
    if options.save:
        write_answers({one.setting: one.value for one in answers if one.value is not None})
    return 1 if left or not (answers or options.clean) else 0


if __name__ == "__main__":
    sys.exit(main())
