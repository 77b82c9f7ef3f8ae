"""The command line. `python -m pusher` does the whole run."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pusher import logs
from pusher.errors import EXIT_CODES, SettingsError, as_run_error
from pusher.interrupts import Interrupts
from pusher.settings import Environment, Settings

if TYPE_CHECKING:  # a command imports what it needs, when it runs
    from pusher.session import Session
    from pusher.warehouse import Row

Command = Callable[[Settings, argparse.Namespace, Interrupts], int]
# Standard output is their answer's.
REPORTS = ("check", "status", "preview", "setup", "replay", "rekey", "forget")


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
    options = _parsed(arguments)
    interrupts = Interrupts()
    interrupts.install()
    logs.setup(stream=sys.stderr if options.name in REPORTS else sys.stdout)
    try:
        settings = _settings(options)
        logs.setup(settings.log_level, sys.stderr if options.name in REPORTS else sys.stdout)
        trace = os.environ.get("TRACE_CONTEXT", "").partition("/")[0]
        if re.fullmatch(r"[0-9a-f]{32}", trace):
            logs.bind(trace=f"projects/{settings.project}/traces/{trace}")
        command: Command = options.command
        return command(settings, options, interrupts)
    except (Exception, KeyboardInterrupt) as error:
        ended = as_run_error(error)
        print(logs.printable_lines(f"pusher: {ended}"), file=sys.stderr)
        return ended.exit_code


def _settings(options: argparse.Namespace) -> Settings:
    """A nightly run whose settings are wrong tells people, too."""
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        if options.command in (_push, _build_failed):
            from pusher import early

            environment = Environment.unchecked(os.environ)
            early.settings_failed(environment, options.name, tuple(options.entity), error)
        raise


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
    if sys.stdout.isatty():
        from pusher import report

        print(report.ending(outcome))
    if outcome.exit_code:
        why = f"pusher: {outcome.error_code}: {outcome.error_hint}"
        print(logs.printable_lines(why), file=sys.stderr)
    if outcome.status == "interrupted":
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(outcome.exit_code)  # a thread may still wait for a server that hangs
    return outcome.exit_code


def _confirm(is_given: bool) -> Callable[[Session, list[Row]], bool]:
    def confirm(at: Session, counts: list[Row]) -> bool:
        from pusher import report

        columns = ("entity", "state", "reason", "match_tier", "records", "queued")
        rows = sorted(
            ({name: row[name] for name in columns} for row in counts),
            key=lambda row: [str(value) for value in row.values()],
        )
        print(report.text({"records": rows}), file=sys.stderr)
        queued = sum(row["queued"] for row in counts)
        creates = sum(row["queued_creates"] for row in counts)
        question = (
            f"Send {queued} records ({creates} new) from {at.settings.project}."
            f"{at.settings.dataset} to HubSpot portal {at.portal_id}? [y/N] "
        )
        if is_given:
            return True
        try:
            return input(question).strip().lower() in ("y", "yes")
        except EOFError:  # nobody is there to answer, or Ctrl-D
            return False

    return confirm


def _mirror(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import run, session

    at = session.connect(settings, entities=tuple(options.entity))
    with session.holding_lease(at):
        logs.phase("mirror")
        run.refresh_mirror(at, full=options.full)
    return 0


def _check(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import ledger, portal, report, session

    at = session.connect(settings)
    for build in ledger.newest_builds(at).values():
        if differences := settings.differences(build["settings"]):
            raise SettingsError("settings_differ", f"{differences}: `dbt build` with the same ones")
    with session.holding_lease(at):  # what it finds is written down
        portal.record(at)
    findings = portal.unreadable(at) + portal.findings(at)
    if options.json:
        print(report.as_json({"findings": findings}))
    else:
        print(f"portal {at.portal_id}: the token works, and the objects are there.")
        print(report.findings(findings))
    return _exit_code(findings)


def _setup(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import portal, report, session
    from pusher.setup import setup

    at = session.connect(settings, is_setup=True)
    with session.holding_lease(at):
        print("\n".join(setup(at)))
        portal.record(at)
    findings = portal.findings(at)
    print(report.findings(findings))
    return _exit_code(findings)


def _exit_code(findings: Sequence[Row]) -> int:
    has_error = any(row["severity"] == "error" for row in findings)
    return SettingsError.exit_code if has_error else 0


def _replay(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import replay, session

    refs = [ref for given in options.record_ref for ref in _refs(given)]
    if not all(re.fullmatch(r"[0-9a-f]{16,64}", ref) for ref in refs):
        raise SettingsError("bad_argument", "a record_ref is 16 or more hex digits")
    if options.record_ref and not refs:
        raise SettingsError("bad_argument", "standard input holds no record_ref")
    if not (refs or options.reason or options.entity or options.all):
        raise SettingsError("bad_argument", "say which: --reason, --record-ref, --entity or --all")
    at = session.connect(settings, entities=tuple(options.entity))
    with session.holding_lease(at):
        print("\n".join(replay.request(at, options.reason or "", refs)))
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
            at.warehouse.call("rekey_records", options.old or "", options.new or "")
        moved = len(rows) - len(at.warehouse.query(pairs)) if options.yes else 0
    print(report.text({"records of merged keys": rows}))
    certain = sum(bool(row["is_certain"]) for row in rows)
    print(f"{certain} certain, {len(rows) - certain} for people to judge")
    print(f"{moved} moved; the next push writes their keys" if options.yes else "a dry run")
    return 0


def _forget(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report, run, session
    from pusher.forget import Forgetting, require_none

    keys = [key for given in options.key for key in _refs(given)]
    refs = options.record_ref
    if len(keys) + len(refs) != 1 or not all(re.fullmatch("[0-9a-f]{32}", ref) for ref in refs):
        raise SettingsError("bad_argument", "name one patient: KEY, - for standard input, or a ref")
    at = session.connect(settings)
    with session.holding_lease(at), Forgetting(at) as them:
        at.warehouse.call("fold_results")
        run.refresh_mirror(at)
        found = them.find("".join(keys), "".join(refs), options.also)
        print(report.text({"what there is of them": found}))
        print(f"AMD has: {them.count('in_amd')}. HubSpot has: {them.count('in_hubspot')}.")
        if sys.stdout.isatty() and them.in_hubspot:
            print("To delete in HubSpot for good:")
            print(report.table(them.in_hubspot))
        if not options.yes:
            print("a dry run; --yes carries it out")
            return 0
        left = them.carry_out(is_suppressed=options.suppress)
    print(report.text({"what is left": left}))
    require_none(left)
    print(f"Forgotten: 0 cells left in {len(left)} tables.")
    return 0


def _refs(given: str) -> list[str]:
    """A record_ref, or for `-` those on standard input."""
    return sys.stdin.read().split() if given == "-" else [given]


def _build_failed(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import early

    raise early.build_failed(settings, tuple(options.entity), options.node)


def _status(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report
    from pusher.summary import summary
    from pusher.warehouse import Warehouse

    tables = report.status(Warehouse(settings), settings)
    zone = settings.time_zone
    if options.json:
        print(report.as_json(tables))
    else:
        print(report.text(tables, zone) if options.all else summary(tables, settings, zone))
    return 0


def _preview(settings: Settings, options: argparse.Namespace, interrupts: Interrupts) -> int:
    from pusher import report
    from pusher.warehouse import Warehouse

    tables = report.preview(Warehouse(settings), settings, tuple(options.entity), options.limit)
    print(report.as_json(tables) if options.json else report.previewed(tables))
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for. An option may stand before the command or behind it: both count, and a
    command that has no such option refuses it, since what narrows a command must not get lost."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, none in (("entity", []), ("allow_mass_change", False)):
        early = getattr(options, f"early_{name}")
        if early and options.name != "push" and not hasattr(options, name):
            parser.error(f"{options.name} takes no --{name.replace('_', '-')}")
        setattr(options, name, early + getattr(options, name, none))
    return options


class _Parser(argparse.ArgumentParser):
    """Takes no text that is empty, as of a shell's variable that is not set: it would narrow
    nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("type", None, _text)


def _text(given: str) -> str:
    if not given.strip():
        raise argparse.ArgumentTypeError("is empty")
    return given


def _parser() -> _Parser:
    entity = _Parser(add_help=False)
    entity.add_argument(
        "--entity", action="append", default=[], help="only this one; may be repeated"
    )
    as_json = _Parser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="JSON instead of tables")

    parser = _Parser(
        prog="python -m pusher",
        description=__doc__,
        epilog="Exit codes: "
        + ", ".join(f"{code} {why}" for code, why in EXIT_CODES.items())
        + ".",
    )
    parser.add_argument(
        "--entity",
        action="append",
        default=[],
        dest="early_entity",
        metavar="ENTITY",
        help="only this one; may be repeated",
    )
    parser.add_argument(
        "--allow-mass-change",
        action="store_true",
        dest="early_allow_mass_change",
        help="pass the gates on unusually many changes",
    )
    parser.set_defaults(command=_push, name="push", yes=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="other commands")
    commands.type = str  # it sees what is meant for the command, too

    def add(name: str, command: Command, about: str, *parents: _Parser) -> _Parser:
        sub = commands.add_parser(name, help=about, description=about, parents=parents)
        sub.set_defaults(command=command, name=name)
        return sub

    sub = add("mirror", _mirror, "refresh the mirror of HubSpot", entity)
    sub.add_argument("--full", action="store_true", help="read everything")
    add("check", _check, "compare the portal with the catalogue", as_json)
    add("setup", _setup, "create what the portal lacks (HUBSPOT_SETUP_TOKEN)")
    sub = add("replay", _replay, "make dead letters due again", entity)
    sub.add_argument("--reason", help="only those with this reason")
    sub.add_argument(
        "--record-ref", action="append", default=[], help="only this record; - reads standard input"
    )
    sub.add_argument("--all", action="store_true", help="every dead letter")
    sub = add("rekey", _rekey, "keys merged at the source: records to the new one; a dry run")
    sub.add_argument("--yes", action="store_true", help="move what is certain")
    sub.add_argument("--old", help="only this pair, certain or not: the old key")
    sub.add_argument("--new", help="and the new one")
    sub = add("forget", _forget, "erase a patient from all tables, and what is theirs; a dry run")
    sub.add_argument("key", nargs="*", metavar="KEY", help="of the patient in AMD; - reads it")
    sub.add_argument("--record-ref", action="append", default=[], help="of the patient, instead")
    sub.add_argument(
        "--also", action="append", default=[], metavar="KEY", help="of an ROI that AMD lacks"
    )
    sub.add_argument("--suppress", action="store_true", help="although AMD has them: never again")
    sub.add_argument("--yes", action="store_true", help="carry it out")
    sub = add("status", _status, "how things stand, and what needs a person", as_json)
    sub.add_argument("--all", action="store_true", help="every table behind it")
    sub = add("initial-load", _push, "first load: counts, confirmation, push", entity)
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.add_argument(
        "--allow-mass-change", action="store_true", help="pass the gate on emptied values, too"
    )
    sub = add("build-failed", _build_failed, "tell people that `dbt build` did not pass", entity)
    sub.add_argument("--node", action="append", default=[], help="what of dbt failed")
    sub = add("preview", _preview, "what would be sent, at no API cost", entity, as_json)
    sub.add_argument("--limit", type=_count, default=100, help="how many records to name")
    return parser


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError("must be a whole number, 0 or more")
    return int(text)


if __name__ == "__main__":
    _give_memory_back()
    sys.exit(main())
