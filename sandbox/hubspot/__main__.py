"""Starts the simulator: `python -m sandbox.hubspot --port 0 --ready-file F`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import sys
import threading
from functools import partial
from pathlib import Path

from . import provision
from .portal import Portal
from .server import Server
from .settings import Settings


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.hubspot", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free port")
    add("--ready-file", type=Path, help="gets {port, pid} as JSON once the server listens")
    add("--ready-fd", type=int, help="the same, written to an inherited file descriptor")
    add("--exit-on-stdin-eof", action="store_true", help="end when the parent process is gone")
    add("--portal-id", type=int)
    add("--time-zone")
    add("--latency-ms", type=float)
    add("--per-record-ms", type=float)
    add("--index-lag-ms", type=float)
    add("--burst", type=int, dest="burst_limit", help="requests per 10 s and token; 0: no limit")
    add("--daily", type=int, dest="daily_limit", help="requests per day; 0: no limit")
    add("--search-limit", type=int, help="searches per second; 0: no limit")
    add("--seed", type=int, default=0, help="of the order of results")
    add("--settings", type=json.loads, default={}, help="any settings, as a JSON object")
    add("--without-roi", action="store_true", help="no custom object roi")
    add("--bare", action="store_true", help="none of the sync's properties")
    add("--roi-id-not-unique", action="store_true")
    add("--catalogue-dir", type=Path, help="the folder of the hubspot_*.csv seeds")
    return parser.parse_args(arguments)


def build_portal(options: argparse.Namespace) -> Portal:
    settings = Settings()
    named = (
        "portal_id",
        "time_zone",
        "latency_ms",
        "per_record_ms",
        "index_lag_ms",
        "burst_limit",
        "daily_limit",
        "search_limit",
    )
    chosen = {name: getattr(options, name) for name in named}
    settings.update({name: value for name, value in chosen.items() if value is not None})
    settings.update(options.settings)
    return Portal(settings, options.seed, partial(provision_portal, options))


def provision_portal(options: argparse.Namespace, portal: Portal) -> None:
    folder: Path | None = options.catalogue_dir
    with_roi, roi_is_unique = not options.without_roi, not options.roi_id_not_unique
    if options.bare:
        if with_roi:
            provision.create_roi(portal)
    elif folder is not None and (folder / "hubspot_properties.csv").exists():
        provision.provision_catalogue(
            portal, folder, with_roi=with_roi, roi_is_unique=roi_is_unique
        )
    else:
        provision.provision_builtin(portal, with_roi=with_roi, roi_is_unique=roi_is_unique)


def announce(options: argparse.Namespace, port: int) -> None:
    ready = json.dumps({"port": port, "pid": os.getpid()})
    if options.ready_file is not None:
        # Moved into place, so that a reader never sees half of it.
        draft = options.ready_file.with_name(f".{options.ready_file.name}.{os.getpid()}")
        draft.write_text(ready, encoding="utf-8")
        draft.replace(options.ready_file)
    if options.ready_fd is not None:
        with os.fdopen(options.ready_fd, "w", encoding="utf-8") as pipe:
            pipe.write(ready + "\n")


def exit_on_stdin_eof() -> None:
    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    options = parse_arguments()
    server = Server((options.host, options.port), build_portal(options))
    # Few collections: the records are many and form no cycles.
    gc.set_threshold(100_000, 50, 100)
    gc.freeze()
    if options.exit_on_stdin_eof:
        exit_on_stdin_eof()
    announce(options, server.server_port)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
