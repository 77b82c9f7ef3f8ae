"""Alerts, against a real SMTP server with TLS and a real HTTP server in Slack's place."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pusher import notify as module
from pusher.notify import notify
from pusher.outcome import RunOutcome
from pusher.settings import Settings

STARTED = datetime(2026, 11, 24, 10, 10, tzinfo=UTC)

SUCCESS = RunOutcome(
    run_id="run-7",
    command="push",
    started_at=STARTED,
    finished_at=STARTED + timedelta(seconds=61),
    exit_code=0,
    status="success",
    step="close",
    counts={"patients": {"queued": 6, "created": 3, "updated": 2, "rejected": 0}},
    hubspot_requests=11,
    previous_status="success",
)
FAILED = replace(
    SUCCESS,
    exit_code=1,
    status="failed",
    step="ship",
    error_code="http_401",
    error_hint="rotate the token (runbook: Rotating the token)",
    last_events=({"event": "batch_refused", "category": "INVALID_AUTHENTICATION"},),
)
REPEAT = {"entity": "patients", "record_ref": "ab12" * 8, "reason": "INVALID_EMAIL", "attempts": 5}


class Mailbox:
    """Keeps what the server was given."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"s3cret/", handled=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority of our own, and the context of a server that it vouches for."""
    folder = tmp_path_factory.mktemp("ca")
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)

    def certificate(
        name: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: tuple[Any, bool]
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    (folder / "ca.pem").write_bytes(
        certificate(
            ca_name,
            ca_key,
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (identifier, False),
            (usage, True),
        )
    )
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    server_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    (folder / "server.pem").write_bytes(
        certificate(server_name, server_key, (names, False), (issuer, False))
        + server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "ca.pem", context


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@contextmanager
def serving(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=mailbox.authenticate,
        **options,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def starttls_port(mailbox: Mailbox, authority: tuple[Path, ssl.SSLContext]) -> Iterator[int]:
    with serving(mailbox, tls_context=authority[1], require_starttls=True) as port:
        yield port


@pytest.fixture
def trusted(authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(autouse=True)
def _forgetful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has told is news to the next."""
    monkeypatch.setenv("HOME", str(tmp_path))


def settings(**values: str) -> Settings:
    """Of the local stack, which asks no Secret Manager."""
    local = {
        "GCP_PROJECT_ID": "local-clinic",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "HUBSPOT_BASE": "http://127.0.0.1:1",
        "ALERT_EMAIL_TO": "ops@clinic.example",
    }
    return Settings.from_environ({**local, **values})


def text_of(message: EmailMessage) -> str:
    body = message.get_body()
    assert body is not None
    return str(body.get_content())


# ---------- the way there


@pytest.mark.usefixtures("trusted")
def test_starttls_with_a_login_delivers(mailbox: Mailbox, starttls_port: int) -> None:
    """The password is percent-decoded and the certificate is checked."""
    url = f"smtp://alerts%40clinic.example:s3cret%2F@localhost:{starttls_port}"

    codes = notify(settings(SMTP_URL=url), FAILED)

    assert codes == ("email_sent", "slack_not_configured")
    assert mailbox.logins == [(b"alerts@clinic.example", b"s3cret/")]
    (message,) = mailbox.messages
    assert message["To"] == "ops@clinic.example"
    assert message["Subject"] == "[reverse-etl] patients failed: http_401 at ship"


@pytest.mark.usefixtures("trusted")
def test_smtps_delivers(mailbox: Mailbox, authority: tuple[Path, ssl.SSLContext]) -> None:
    with serving(mailbox, ssl_context=authority[1], auth_require_tls=False) as port:
        values = {
            "SMTP_URL": f"smtps://u:s3cret%2F@127.0.0.1:{port}",
            "ALERT_EMAIL_TO": "a@x.example, b@x.example",
            "ALERT_EMAIL_FROM": "c@x.example",
        }
        codes = notify(settings(**values), FAILED)

    assert codes[0] == "email_sent"
    assert mailbox.messages[0]["To"] == "a@x.example, b@x.example"
    assert mailbox.messages[0]["From"] == "c@x.example"


def test_plain_text_reaches_a_loopback_server(mailbox: Mailbox) -> None:
    with serving(mailbox) as port:
        codes = notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), FAILED)

    assert codes[0] == "email_sent"


def test_plain_text_leaves_no_other_host(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere that offers no STARTTLS gets neither the login nor the mail."""
    monkeypatch.setattr(module, "LOOPBACK", ())
    with serving(mailbox, auth_require_tls=False) as port:
        codes = notify(settings(SMTP_URL=f"smtp://u:s3cret%2F@127.0.0.1:{port}"), FAILED)

    assert codes[0] == "email_failed:SMTPNotSupportedError"
    assert mailbox.logins == []
    assert mailbox.messages == []


def test_an_unknown_certificate_is_refused(mailbox: Mailbox, starttls_port: int) -> None:
    """Before the login: an impostor never sees the password."""
    codes = notify(settings(SMTP_URL=f"smtp://u:s3cret%2F@localhost:{starttls_port}"), FAILED)

    assert codes[0] == "email_failed:SSLCertVerificationError"
    assert mailbox.logins == []


# ---------- a mail server that is of no help


@pytest.mark.usefixtures("trusted")
def test_a_refused_login_is_a_code(mailbox: Mailbox, starttls_port: int) -> None:
    codes = notify(settings(SMTP_URL=f"smtp://u:wrong@localhost:{starttls_port}"), FAILED)

    assert codes[0] == "email_failed:SMTPAuthenticationError"
    assert mailbox.messages == []


def test_a_server_that_is_down_is_a_code() -> None:
    codes = notify(settings(SMTP_URL=f"smtp://127.0.0.1:{free_port()}"), FAILED)

    assert codes[0] == "email_failed:ConnectionRefusedError"


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOCKET_SECONDS", 0.2)
    with listening(lambda _connection, done: done.wait(10)) as port:
        codes = notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), FAILED)

    assert codes[0] == "email_failed:SMTPServerDisconnected"


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte is in time, so that only the bound on the whole delivery helps."""
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.5)

    def drip(connection: socket.socket, done: threading.Event) -> None:
        while not done.wait(0.05):
            connection.sendall(b"2")

    started = time.monotonic()
    with listening(drip) as port:
        codes = notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), FAILED)

    assert codes[0] == "email_failed:Timeout"
    assert time.monotonic() - started < 5


@contextmanager
def listening(serve: Callable[[socket.socket, threading.Event], object]) -> Iterator[int]:
    """A TCP server for one connection."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                serve(connection, done)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        done.set()
        thread.join(5)


def test_nothing_configured_is_said_and_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address there is nothing to ask Secret Manager for, which may be out of reach."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    google = {"BIGQUERY_EMULATOR_HOST": "", "HUBSPOT_BASE": "", "ALERT_EMAIL_TO": ""}
    nothing = ("email_not_configured", "slack_not_configured")

    assert notify(settings(), FAILED) == notify(settings(**google), FAILED) == nothing


# ---------- once per change of state


@pytest.mark.parametrize(
    ("status", "exit_code", "previous", "subject"),
    [
        ("failed", 1, None, "patients failed: http_401 at ship"),
        ("failed", 1, "success", "patients failed: http_401 at ship"),
        ("failed", 1, "failed", None),
        ("stopped", 4, "failed", "patients stopped: http_401 at ship"),
        ("partial", 5, "success", "patients partial: http_401 at ship"),
        ("success", 0, "failed", "patients recovered from failed"),
        ("success", 0, "partial", "patients recovered from partial"),
        ("success", 0, "success", None),
        ("success", 0, None, None),
        ("interrupted", 143, "success", None),
        ("stopped", 3, "success", None),
    ],
)
def test_a_mail_goes_out_when_the_state_changes(
    mailbox: Mailbox, status: str, exit_code: int, previous: str | None, subject: str | None
) -> None:
    outcome = replace(FAILED, status=status, exit_code=exit_code, previous_status=previous)
    with serving(mailbox) as port:
        notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), outcome)

    subjects = [message["Subject"] for message in mailbox.messages]
    assert subjects == ([f"[reverse-etl] {subject}"] if subject else [])


@pytest.mark.parametrize(
    ("status", "before", "subject"),
    [
        ("success", {}, "patients warned: source_stale"),
        ("success", {"patients": frozenset({"source_stale"})}, None),
        ("success", {"patients": frozenset({"other"}), "rois": frozenset({"source_stale"})},
         "patients warned: source_stale"),
        ("failed", {}, "patients failed: http_401 at ship"),
    ],
)  # fmt: skip
def test_what_a_gate_warns_of_is_told_once(
    mailbox: Mailbox, status: str, before: Mapping[str, frozenset[str]], subject: str | None
) -> None:
    """A run that goes on all the same is a success, and nobody reads its log. The mail about a run
    that ended badly has the warning among its events."""
    outcome = replace(
        SUCCESS if status == "success" else FAILED,
        warnings={"patients": frozenset({"source_stale"}), "rois": frozenset()},
        previous_warnings=before,
    )
    with serving(mailbox) as port:
        notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), outcome)

    subjects = [message["Subject"] for message in mailbox.messages]
    assert subjects == ([f"[reverse-etl] {subject}"] if subject else [])


def test_the_mail_says_how_far_it_got_and_how_to_look_further(mailbox: Mailbox) -> None:
    with serving(mailbox) as port:
        notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), FAILED)

    text = text_of(mailbox.messages[0])
    for part in (
        "failed (exit 1)",
        "step        ship",
        "http_401",
        "rotate the token",
        "run-7",
        "2026-11-24 10:10:00Z",
        "local-clinic.etl",
        "HubSpot confirmed 5 of 6 records, 61 s.",
        "11 HubSpot requests",
        "INVALID_AUTHENTICATION",
        "python -m pusher status",
        "gcloud logging read 'jsonPayload.run_id=\"run-7\"' --project=local-clinic",
    ):
        assert part in text


# ---------- the same record, five runs in a row


def repeats(*rows: Mapping[str, Any]) -> RunOutcome:
    return replace(SUCCESS, repeat_failures=rows)


def test_a_fifth_failure_in_a_row_is_told(mailbox: Mailbox) -> None:
    with serving(mailbox) as port:
        notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), repeats(REPEAT))

    (message,) = mailbox.messages
    assert message["Subject"] == "[reverse-etl] 1 record(s) were refused 5 times in a row"
    assert re.search(rf"patients +{REPEAT['record_ref']} +INVALID_EMAIL", text_of(message))


@pytest.mark.parametrize(
    "row",
    [{**REPEAT, "attempts": 6}, {**REPEAT, "entity": "rois"}],
    ids=["told last night", "of another entity's run"],
)
def test_it_is_told_once(mailbox: Mailbox, row: Mapping[str, Any]) -> None:
    with serving(mailbox) as port:
        notify(settings(SMTP_URL=f"smtp://127.0.0.1:{port}"), repeats(row))

    assert mailbox.messages == []


# ---------- Slack


@contextmanager
def webhook(status: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    received: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_slack_is_told_too() -> None:
    with webhook(200) as (url, received):
        codes = notify(settings(SLACK_WEBHOOK_URL=url), FAILED)

    assert codes == ("email_not_configured", "slack_sent")
    assert received[0]["text"].startswith("[reverse-etl] patients failed: http_401 at ship\n")


def test_slack_down_is_a_code() -> None:
    with webhook(500) as (url, _):
        codes = notify(settings(SLACK_WEBHOOK_URL=url), FAILED)

    assert codes[1] == "slack_failed:HTTPError"


def test_slack_over_plain_http_is_refused() -> None:
    codes = notify(settings(SLACK_WEBHOOK_URL="http://hooks.example/x"), FAILED)

    assert codes[1] == "slack_failed:ValueError"
