#!/usr/bin/env python3
"""Stands in for `gcloud` and `bq`: records each call, and remembers what exists.

It is as strict as the real ones where it matters here: creating what exists fails, as does
describing or updating what does not, and so does a command that it does not know.
State and record lie in the folder that STAND_IN_DIR names.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["STAND_IN_DIR"])

# verb path → (what it does, kind of thing); the first word after it names the thing
VERBS = {
    "gcloud services list": ("list", "api"),
    "gcloud services enable": ("enable", "api"),
    "gcloud iam service-accounts describe": ("describe", "account"),
    "gcloud iam service-accounts create": ("create", "account"),
    "gcloud iam service-accounts add-iam-policy-binding": ("bind", "account"),
    "gcloud projects add-iam-policy-binding": ("bind", "project"),
    "gcloud secrets describe": ("describe", "secret"),
    "gcloud secrets create": ("create", "secret"),
    "gcloud secrets add-iam-policy-binding": ("bind", "secret"),
    "gcloud secrets versions add": ("value", "secret"),
    "gcloud secrets versions list": ("list", "value"),
    "gcloud functions deploy": ("deploy", "function"),
    "gcloud functions describe": ("describe", "function"),
    "gcloud functions add-invoker-policy-binding": ("bind", "function"),
    "gcloud artifacts repositories describe": ("describe", "repository"),
    "gcloud artifacts repositories create": ("create", "repository"),
    "gcloud storage buckets describe": ("describe", "bucket"),
    "gcloud storage buckets create": ("create", "bucket"),
    "gcloud storage buckets add-iam-policy-binding": ("bind", "bucket"),
    "gcloud builds submit": ("deploy", "build"),
    "gcloud run jobs describe": ("describe", "job"),
    "gcloud run jobs deploy": ("deploy", "job"),
    "gcloud run jobs add-iam-policy-binding": ("bind", "job"),
    "gcloud scheduler jobs describe": ("describe", "schedule"),
    "gcloud scheduler jobs create http": ("create", "schedule"),
    "gcloud scheduler jobs update http": ("update", "schedule"),
    "gcloud scheduler jobs pause": ("update", "schedule"),
    "gcloud logging metrics describe": ("describe", "metric"),
    "gcloud logging metrics create": ("create", "metric"),
    "gcloud logging metrics update": ("update", "metric"),
    "gcloud beta monitoring channels list": ("list", "channel"),
    "gcloud beta monitoring channels create": ("create", "channel"),
    "gcloud alpha monitoring policies list": ("list", "policy"),
    "gcloud alpha monitoring policies create": ("create", "policy"),
    "gcloud alpha monitoring policies update": ("update", "policy"),
    "bq show": ("describe", "dataset"),
    "bq mk": ("create", "dataset"),
    "bq query": ("bind", "grant"),
    "bq add-iam-policy-binding": ("bind", "table"),
}


def main() -> int:
    program, *arguments = [Path(sys.argv[0]).name, *sys.argv[1:]]
    words = [word for word in arguments if not word.startswith("-")]
    flags = {
        name: value
        for word in arguments
        if word.startswith("--")
        for name, _, value in [word.removeprefix("--").partition("=")]
    }
    line = " ".join([program, *words])
    verb = max((verb for verb in VERBS if f"{line} ".startswith(f"{verb} ")), key=len, default="")
    entry = {"program": program, "arguments": arguments, "verb": verb}
    action, kind = VERBS.get(verb, ("unknown", ""))
    if action == "value":
        entry["standard_input"] = sys.stdin.read()
    if "env-vars-file" in flags:
        entry["env_vars"] = Path(flags["env-vars-file"]).read_text()
    for flag in ("policy-from-file", "config-from-file"):
        if flag in flags:
            entry["file"] = json.loads(Path(flags[flag]).read_text())
    with (FOLDER / "calls.jsonl").open("a") as record:
        record.write(json.dumps(entry) + "\n")

    state_file = FOLDER / "state.json"
    state = json.loads(state_file.read_text()) if state_file.exists() else {}
    things = state.setdefault(kind, {})
    name = name_of(kind, words[len(verb.split()) - 1 :], flags, entry)
    if action == "unknown":
        return fail(f"unknown command: {line}")
    if action == "describe":
        if name not in things:
            return fail(f"NOT_FOUND: {kind} {name}")
        labels = state["labels"].get(name, "") if "labels" in state else ""
        asks_for_dataset = "labels.dataset" in flags.get("format", "")
        print(labels.partition("dataset=")[2] if asks_for_dataset else things[name])
    elif action == "list":
        found = [value for key, value in things.items() if kind == "api" or key == name]
        print("\n".join(found))
    elif action == "create" and name in things:
        return fail(f"ALREADY_EXISTS: {kind} {name}")
    elif action == "update" and name not in things.keys() | set(things.values()):
        return fail(f"NOT_FOUND: {kind} {name}")
    elif action == "enable":
        things.update({api: api for api in words[2:]})
    elif action in ("create", "deploy", "value"):
        kept = state.setdefault("value", {}) if action == "value" else things
        given = flags.get("labels") or flags.get("update-labels")
        if action == "deploy" and given:
            state.setdefault("labels", {})[name] = given
        kept[name] = f"https://{name}-xyz.a.run.app" if kind == "function" else resource(kind, name)
    state_file.write_text(json.dumps(state))
    return 0


def name_of(kind: str, words: list[str], flags: dict[str, str], entry: dict[str, object]) -> str:
    if kind == "account":
        return words[0].partition("@")[0]
    if kind == "channel":
        labels = flags.get("channel-labels", flags.get("filter", ""))
        return labels.rpartition("email_address=")[2].strip('"')
    if kind == "policy" and not words:
        title = entry["file"]["displayName"] if "file" in entry else ""  # type: ignore[index]
        return str(title) or flags["filter"].removeprefix("displayName=").strip('"')
    return words[0] if words else ""


def resource(kind: str, name: str) -> str:
    collections = {"channel": "notificationChannels", "policy": "alertPolicies"}
    if kind not in collections:
        return name
    return f"projects/clinic/{collections[kind]}/{abs(hash(name)) % 10**6}"


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
