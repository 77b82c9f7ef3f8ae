"""What an error means: its exit code, and whether trying again may help."""

from __future__ import annotations

import re
import ssl
import threading

import pytest

from pusher.errors import (
    EXIT_CODES,
    EndedEarly,
    Failed,
    Forbidden,
    GateStop,
    Interrupted,
    LeaseHeld,
    PusherError,
    Refusal,
    Refused,
    RunError,
    SettingsError,
    Transient,
    as_run_error,
    is_untrusted,
)
from tests.pusher.conftest import ROOT


def test_exit_codes_are_each_s_own_and_stand_in_the_documents() -> None:
    kinds: list[type[RunError]] = [
        Failed, SettingsError, LeaseHeld, GateStop, EndedEarly, Interrupted,
    ]  # fmt: skip
    codes = {kind.__name__: kind.exit_code for kind in kinds}

    assert codes == {
        "Failed": 1, "SettingsError": 2, "LeaseHeld": 3, "GateStop": 4, "EndedEarly": 5,
        "Interrupted": 143,
    }  # fmt: skip
    assert set(EXIT_CODES) == {0, *codes.values()}
    for document in ("README.md", "docs/runbook.md"):
        listed = re.findall(r"^\| (\d+) \|", (ROOT / document).read_text(encoding="utf-8"), re.M)
        assert set(map(int, listed)) == set(EXIT_CODES), document


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (Forbidden("forbidden"), "forbidden", 1),
        (KeyboardInterrupt(), "interrupted", 143),
        (Transient("http_503"), "hubspot_http_503", 1),
        (Refused(Refusal(code="INVALID_EMAIL")), "hubspot_INVALID_EMAIL", 1),
        (KeyError("Jane"), "crashed_KeyError", 1),
    ],
)
def test_whatever_goes_wrong_has_a_code_and_no_value(
    error: BaseException, code: str, exit_code: int
) -> None:
    found = as_run_error(error)

    assert (found.code, found.exit_code) == (code, exit_code)
    assert "Jane" not in str(found)


def test_an_interrupt_that_falls_upon_a_lock_is_no_defect() -> None:
    """The lock, which is free by then, complains in the interrupt's place."""
    lock = threading.Lock()

    def interrupted() -> None:
        with lock:
            lock.release()
            raise KeyboardInterrupt

    with pytest.raises(RuntimeError) as caught:
        interrupted()
    assert as_run_error(caught.value).code == "interrupted"


def wrapped(error: Exception, *, as_argument: bool) -> Exception:
    """As libraries do it: raised from the cause, or with it among the arguments."""
    if as_argument:
        return ConnectionError(OSError(error))
    try:
        try:
            raise error
        except Exception as caught:
            raise ConnectionError from caught
    except ConnectionError as outer:
        return outer


@pytest.mark.parametrize("as_argument", [True, False])
def test_a_refused_certificate_is_found_however_deep(as_argument: bool) -> None:
    """A handshake that breaks off is an outage like others."""
    refused = ssl.SSLCertVerificationError(1, "self-signed certificate")
    broken = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    assert is_untrusted(wrapped(refused, as_argument=as_argument))
    assert not is_untrusted(wrapped(broken, as_argument=as_argument))
    assert not is_untrusted(PusherError("code", "hint"))
