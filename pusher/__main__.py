"""The command line. `python -m pusher` does the whole run.

Exit codes: 0 done · 1 failed · 2 settings or portal · 3 lease held · 4 a gate stopped it ·
5 partial, the rest is due next run · 143 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import re
import select
import sys
from collections.abc import Callable, Sequence

from pusher import logs
from pusher.errors import SettingsError, as_run_error
from pusher.interrupts import Interrupts
from pusher.settings import Settings

Command = Callable[[Settings, argparse.Namespace, Interrupts], int]
REPORTS = (
    "check",
    "status",
    "preview",
    "setup",
    "replay",
    "rekey",
)  # standard output is their answer's


def _give_memory_back() -> None:
    """glibc gives each thread a heap of its own, and raises the size from which memory is mapped,
    and given back at once, to that of the largest buffer it has seen: a page of rows, a load of
    results. Two heaps, and a size that stays, keep the peak of a large run near a small one's:
    77 MB with 10,000 queued, 85 with 100,000, and 107 without them (VmHWM, 50 ms an answer)."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-8, 2)  # M_ARENA_MAX
        mallopt(-3, 128 * 1024)  # M_MMAP_THRESHOLD


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; whatever goes wrong becomes one line and an exit code."""
    options = _parser().parse_args(arguments)
    interrupts = Interrupts()
    interrupts.install()
    logs.setup(stream=sys.stderr if options.name in REPORTS else sys.stdout)
    try:
        settings = Settings.from_environ(os.environ)
        logs.setup(settings.log_level, sys.stderr if options.name in REPORTS else sys.stdout)
        trace = os.environ.get("TRACE_CONTEXT", "").partition("/")[0]
        if re.fullmatch(r"[0-9a-f]{32}", trace):
            logs.bind(trace=f"projects/{settings.project}/traces/{trace}")
        command: Command = options.command
        return command(settings, options, interrupts)
    except (Exception, KeyboardInterrupt) as error:
        ended = as_run_error(error)
        print(f"pusher: {ended}", file=sys.stderr)
        return ended.exit_code


def _push(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher.run import Options, push

    is_initial_load = options.name == "initial-load"
    if is_initial_load and not options.yes and not sys.stdin.isatty():
        raise SettingsError("not_confirmed", "without a terminal, initial-load needs --yes")
    outcome = push(
        settings,
        Options(
            command=options.name,
            entities=tuple(options.entity),
            allow_mass_change=options.allow_mass_change,
            is_initial_load=is_initial_load,
            **({"confirm": _confirm(options.yes)} if is_initial_load else {}),
        ),
        interrupts,
    )
    if outcome.exit_code:
        print(f"pusher: {outcome.error_code}: {outcome.error_hint}", file=sys.stderr)
    if outcome.status == "interrupted":
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(outcome.exit_code)  # a thread may still wait for a server that hangs
    return outcome.exit_code


def _confirm(is_given: bool) -> Callable[[list[dict[str, object]]], bool]:
    def confirm(counts: list[dict[str, object]]) -> bool:
        from pusher import report

        columns = ("entity", "state", "reason", "match_tier", "records", "queued")
        rows = sorted(
            ({name: row[name] for name in columns} for row in counts),
            key=lambda row: [str(value) for value in row.values()],
        )
        print(report.text({"records": rows}), file=sys.stderr)
        return is_given or input("Send the queued records to HubSpot? [y/N] ").lower() == "y"

    return confirm


def _mirror(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import run, session

    at = session.connect(settings, entities=tuple(options.entity))
    with session.holding_lease(at):
        logs.phase("mirror")
        run.refresh_mirror(at, full=options.full)
    return 0


def _check(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import portal, report, session

    at = session.connect(settings)
    for row in at.objects:
        at.hubspot.resolve(row["object_type"], at.portal_id)
    with session.holding_lease(at):  # what it finds is written down
        portal.record(at)
    findings = portal.unreadable(at) + portal.findings(at)
    print(
        report.as_json({"findings": findings})
        if options.json
        else report.text(
            {f"portal {at.portal_id}: the token works, and the objects are there": findings}
        )
    )
    has_error = any(row["severity"] == "error" for row in findings)
    return SettingsError.exit_code if has_error else 0


def _setup(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import portal, report, session
    from pusher.setup import setup

    at = session.connect(settings, is_setup=True)
    with session.holding_lease(at):
        print("\n".join(setup(at)))
        portal.record(at)
    findings = portal.findings(at)
    print(report.text({"left to do": findings}))
    has_error = any(row["severity"] == "error" for row in findings)
    return SettingsError.exit_code if has_error else 0


def _replay(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import session

    refs = [*options.record_ref, *_refs_on_stdin()]
    if not all(re.fullmatch(r"[0-9a-f]{16,64}", ref) for ref in refs):
        raise SettingsError("bad_argument", "a record_ref is 16 or more hex digits")
    at = session.connect(settings, entities=tuple(options.entity))
    with session.holding_lease(at):
        for entity in options.entity or [""]:
            at.warehouse.call("request_replay", entity, options.reason, ",".join(refs))
        counts = at.warehouse.query(
            f"""select job_type as entity, count(*) as entries from `{settings.dlq_table}`
            where resolved_at is null and replay_requested_at > last_seen_at
            group by job_type order by job_type"""
        )
    for row in counts:
        print(f"{row['entity']}: {row['entries']} dead letters are due again")
    if not counts:
        print("no open dead letter matches")
    return 0


def _rekey(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report, run, session

    if bool(options.old) != bool(options.new):
        raise SettingsError("bad_argument", "--old and --new come together")
    at = session.connect(settings)
    with session.holding_lease(at):
        at.warehouse.call("fold_results")
        run.refresh_mirror(at, full=False)
        pairs = f"""select entity, record_ref, is_certain, old_state, evidence
            from {settings.table("amd_merges")} order by is_certain desc, record_ref"""
        rows = at.warehouse.query(pairs)
        if options.yes:
            at.warehouse.call("rekey_records", options.old, options.new)
        moved = len(rows) - len(at.warehouse.query(pairs)) if options.yes else 0
    print(report.text({"records of merged keys": rows}))
    certain = sum(bool(row["is_certain"]) for row in rows)
    print(f"{certain} certain, {len(rows) - certain} for people to judge")
    print(f"{moved} moved; the next push writes their keys" if options.yes else "a dry run")
    return 0


def _refs_on_stdin() -> list[str]:
    """Record refs that are piped in; nothing where standard input is silent or a terminal."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return []
    is_ready, _, _ = select.select([sys.stdin], [], [], 0.2)
    return sys.stdin.read().split() if is_ready else []


def _status(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report
    from pusher.warehouse import Warehouse

    tables = report.status(Warehouse(settings), settings)
    print(report.as_json(tables) if options.json else report.text(tables))
    return 0


def _preview(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report
    from pusher.warehouse import Warehouse

    tables = report.preview(Warehouse(settings), settings, options.entity, options.limit)
    print(report.as_json(tables) if options.json else report.text(tables))
    return 0


def _parser() -> argparse.ArgumentParser:
    entity = argparse.ArgumentParser(add_help=False)
    entity.add_argument(
        "--entity", action="append", default=[], help="only this one; may be repeated"
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="JSON instead of tables")

    parser = argparse.ArgumentParser(prog="python -m pusher", description=__doc__, parents=[entity])
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--allow-mass-change", action="store_true", help="pass the gates on unusually many changes"
    )
    parser.set_defaults(command=_push, name="push", yes=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="other commands")

    def add(
        name: str, command: Command, about: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about, parents=parents)
        sub.set_defaults(command=command, name=name)
        return sub

    sub = add("mirror", _mirror, "refresh the mirror of HubSpot", entity)
    sub.add_argument("--full", action="store_true", help="read everything")
    add("check", _check, "compare the portal with the catalogue", as_json)
    add("setup", _setup, "create what the portal lacks (HUBSPOT_SETUP_TOKEN)")
    sub = add("replay", _replay, "make dead letters due again; record_refs also on stdin", entity)
    sub.add_argument("--reason", default="", help="only those with this reason")
    sub.add_argument("--record-ref", action="append", default=[], help="only this record")
    sub = add("rekey", _rekey, "keys merged at the source: records to the new one; a dry run")
    sub.add_argument("--yes", action="store_true", help="move what is certain")
    sub.add_argument("--old", default="", help="only this pair, certain or not: the old key")
    sub.add_argument("--new", default="", help="and the new one")
    add("status", _status, "runs, what is due, dead letters, lease, mirror, builds", as_json)
    sub = add("initial-load", _push, "first load: counts, confirmation, push", entity)
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.add_argument(
        "--allow-mass-change", action="store_true", help="pass the gate on emptied values, too"
    )
    sub = add("preview", _preview, "what would be sent, at no API cost", entity, as_json)
    sub.add_argument("--limit", type=int, default=100, help="how many records to name")
    return parser


if __name__ == "__main__":
    _give_memory_back()
    sys.exit(main())
