"""The specification's plain algorithm with HubSpot's official client, in one process.

Per record: search by email; else by first and last name and date of birth; else by address; then
update what was found, or create. `python -m bench.plain_client RECORDS.json`, HUBSPOT_BASE and
HUBSPOT_TOKEN from the environment. One record at a time and without a limiter, as it is usually
written; the client's own retries wait out a 429.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import hubspot
from hubspot.crm import contacts
from urllib3.util.retry import Retry

TIERS = (
    ("email",),
    ("firstname", "lastname", "ncf_date_of_birth"),
    ("address", "city", "state", "zip"),
)


def main() -> int:
    records: list[dict[str, str]] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    retries = Retry(
        total=8, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503), allowed_methods=None
    )
    client = hubspot.Client.create(
        access_token=os.environ["HUBSPOT_TOKEN"], host=os.environ["HUBSPOT_BASE"], retry=retries
    )
    counts = {"created": 0, "updated": 0, "failed": 0}
    for record in records:
        try:
            counts[_sync(client.crm.contacts, record)] += 1
        except contacts.ApiException:
            counts["failed"] += 1
    print(json.dumps(counts))
    return 0


def _sync(api: Any, record: dict[str, str]) -> str:
    for names in TIERS:
        if not all(record.get(name) for name in names):
            continue
        found = api.search_api.do_search(
            contacts.PublicObjectSearchRequest(
                filter_groups=[
                    {
                        "filters": [
                            {"propertyName": name, "operator": "EQ", "value": record[name]}
                            for name in names
                        ]
                    }
                ],
                properties=["email"],
                limit=1,
            )
        )
        if found.results:
            api.basic_api.update(
                found.results[0].id, contacts.SimplePublicObjectInput(properties=record)
            )
            return "updated"
    api.basic_api.create(
        contacts.SimplePublicObjectInputForCreate(properties=record, associations=[])
    )
    return "created"


if __name__ == "__main__":
    sys.exit(main())
