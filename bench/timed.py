"""Runs one command and writes down what it cost: `python -I -S timed.py OUT COMMAND…`.

A process of its own, because Linux gives a child the peak memory of the process that started
it: started from here that is a few megabytes, from the bench it would be the bench's own.
"""

import json
import os
import sys
import time


def main() -> int:
    out, *command = sys.argv[1:]
    started = time.monotonic()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    cost = {
        "wall_seconds": time.monotonic() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(cost, file)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
