"""Tells people: an email, and a Slack message where configured, once per change of state.

A mail server that is down, slow or wrong never fails a run: every attempt is bounded, and what
became of it is a code for the log. The outcome holds no value of a record, so neither do these.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import requests

from pusher import report
from pusher.errors import LeaseHeld
from pusher.memory import Memory
from pusher.outcome import RunOutcome
from pusher.settings import Environment

SOCKET_SECONDS = 10.0  # one answer of the server
TOTAL_SECONDS = 30.0  # the whole delivery
REPEATS = 5
BAD = ("failed", "stopped", "partial")
Send = Callable[[Environment, str, str], bool]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def notify(settings: Environment, outcome: RunOutcome) -> tuple[str, ...]:
    """Sends what this run calls for; returns one code per attempt, such as `email_sent`."""
    if outcome.exit_code == LeaseHeld.exit_code:
        return ()  # another run speaks for itself
    memory = Memory(settings, outcome.entities)
    told = memory.recall(knows_ledger=outcome.is_recorded)
    if told:
        outcome = replace(outcome, previous_status=told)
    if outcome.status in BAD:
        memory.note(outcome.status, in_ledger=outcome.is_recorded)
    elif outcome.status == "success":
        memory.forget()
    return tuple(
        _bounded(channel, send, settings, subject, body)
        for subject, body in _notices(settings, outcome)
        for channel, send in (("email", _email), ("slack", _slack))
    )


def _notices(settings: Environment, outcome: RunOutcome) -> Iterator[tuple[str, str]]:
    if outcome.error_code == "not_confirmed":
        return  # whoever said no knows
    entities = ", ".join(outcome.counts or outcome.entities) or "all"
    if outcome.status in BAD and outcome.status != outcome.previous_status:
        code = outcome.error_code or "no code"
        yield f"{entities} {outcome.status}: {code} at {outcome.step}", _report(settings, outcome)
    if outcome.status == "success" and outcome.previous_status in BAD:
        yield f"{entities} recovered from {outcome.previous_status}", _report(settings, outcome)
    news = {
        code
        for entity, codes in outcome.warnings.items()
        for code in codes - outcome.previous_warnings.get(entity, frozenset())
    }
    if news and outcome.status not in BAD:  # else they are among the last events
        yield f"{entities} warned: {', '.join(sorted(news))}", _report(settings, outcome)
    repeats = [
        f"  {row['entity']}  {row['record_ref']}  {row['reason']}"
        for row in outcome.repeat_failures
        # The count goes on rising, and another entity's run sees it too: said once.
        if row["attempts"] == REPEATS and row["entity"] in (outcome.counts or [row["entity"]])
    ]
    if repeats:
        body = [*repeats, "", "The row behind a record_ref is in sync_status.", ""]
        body.append(_look_further(settings, outcome))
        yield f"{len(repeats)} record(s) were refused {REPEATS} times in a row", "\n".join(body)


def _report(settings: Environment, outcome: RunOutcome) -> str:
    return "\n".join(
        [
            f"status      {outcome.status} (exit {outcome.exit_code})",
            f"before      {outcome.previous_status or _nothing_known(outcome)}",
            f"error       {outcome.error_code or '-'}",
            f"what to do  {outcome.error_hint or '-'}",
            f"step        {outcome.step}",
            f"data set    {settings.project}.{settings.dataset}",
            f"command     {outcome.command}",
            f"run         {outcome.run_id}",
            f"time        {outcome.started_at:%Y-%m-%d %H:%M:%S}Z",
            f"progress    {outcome.hubspot_requests} HubSpot requests",
            "",
            report.ending(outcome),
            "",
            _look_further(settings, outcome),
            "last events",  # at the end, since Slack's message is cut off
            *(f"  {json.dumps(event, default=str)[:400]}" for event in outcome.last_events),
        ]
    )


def _nothing_known(outcome: RunOutcome) -> str:
    if outcome.is_recorded:
        return "no earlier run"
    return "not known, BigQuery was not asked; another machine may tell this again"


def _look_further(settings: Environment, outcome: RunOutcome) -> str:
    return (
        "To look further (docs/runbook.md explains every code):\n"
        "  python -m pusher status\n"
        f"  gcloud logging read 'jsonPayload.run_id=\"{outcome.run_id}\"' "
        f"--project={settings.project} --limit=100\n"
    )


def _bounded(channel: str, send: Send, settings: Environment, subject: str, body: str) -> str:
    """On a thread of its own, since a server may drip bytes past any socket timeout."""
    codes: list[str] = []

    def attempt() -> None:
        try:
            # Of two environments in one project each mail says whose it is.
            sent = send(settings, f"[{settings.get('DEPLOYMENT', 'reverse-etl')}] {subject}", body)
            codes.append(f"{channel}_sent" if sent else f"{channel}_not_configured")
        except Exception as error:  # its type says enough; its text may quote an address
            codes.append(f"{channel}_failed:{type(error).__name__}")

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(TOTAL_SECONDS)
    return codes[0] if codes else f"{channel}_failed:Timeout"


def _email(settings: Environment, subject: str, body: str) -> bool:
    """`smtps://` is TLS from the start; `smtp://` must offer STARTTLS, save on this machine."""
    if not settings.get("ALERT_EMAIL_TO"):
        return False
    secret = settings.get("SMTP_URL_SECRET_NAME", "SmtpUrl")
    url = urlsplit(settings.secret("SMTP_URL", secret) or "")
    if not url.hostname:
        return False
    message = EmailMessage()
    message["Subject"] = subject
    message["To"] = settings.get("ALERT_EMAIL_TO")
    message["From"] = settings.get("ALERT_EMAIL_FROM") or message["To"].split(",")[0]
    message["Date"], message["Message-ID"] = formatdate(), make_msgid()
    message.set_content(body)
    context, host, is_tls = ssl.create_default_context(), url.hostname, url.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(host, url.port or 465, timeout=SOCKET_SECONDS, context=context)
        if is_tls
        else smtplib.SMTP(host, url.port or 587, timeout=SOCKET_SECONDS)
    ) as server:
        server.ehlo()
        if not is_tls and (server.has_extn("starttls") or host not in LOOPBACK):
            server.starttls(context=context)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)
    return True


def _slack(settings: Environment, subject: str, body: str) -> bool:
    link = settings.secret("SLACK_WEBHOOK_URL", settings.get("SLACK_WEBHOOK_URL_SECRET_NAME"))
    if not link:
        return False
    url = urlsplit(link)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        raise ValueError("SLACK_WEBHOOK_URL must be https://")
    text = {"text": f"{subject}\n```{body[:2500]}```"}
    answer = requests.post(link, json=text, timeout=SOCKET_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    return True
