"""One statement against the running local BigQuery: `python -m sandbox.query 'select 1 as one'`.

With the settings of the local stack (`make stack`) loaded. A real BigQuery takes `bq query`.
"""

from __future__ import annotations

import os
import sys

import requests
from google.api_core.exceptions import GoogleAPICallError

from pusher.report import table
from sandbox.bigquery import PROJECT, local_client, run_query


def main(arguments: list[str]) -> int:
    url = os.environ.get("BIGQUERY_EMULATOR_HOST")
    if not url:
        print("Load the settings that `make stack` has written first.", file=sys.stderr)
        return 2
    if len(arguments) != 1:
        print("usage: python -m sandbox.query 'select …'", file=sys.stderr)
        return 2
    client = local_client(url, os.environ.get("GCP_PROJECT_ID", PROJECT))
    try:
        print(table(run_query(client, arguments[0])))
    except GoogleAPICallError as error:
        print(error.message, file=sys.stderr)
        return 1
    except requests.ConnectionError:
        print("The local stack has ended: `make stack`, and load its settings.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
