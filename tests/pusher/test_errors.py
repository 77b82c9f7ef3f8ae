"""What an error means: its exit code, and whether trying again may help."""

from __future__ import annotations

import ssl

import pytest

from pusher import errors
from pusher.errors import (
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


def test_exit_codes_are_each_s_own_and_stand_in_the_tree() -> None:
    """The table at the head of the module is what the other ones follow."""
    kinds: list[type[RunError]] = [
        Failed, SettingsError, LeaseHeld, GateStop, EndedEarly, Interrupted,
    ]  # fmt: skip
    codes = {kind.__name__: kind.exit_code for kind in kinds}

    assert codes == {
        "Failed": 1, "SettingsError": 2, "LeaseHeld": 3, "GateStop": 4, "EndedEarly": 5,
        "Interrupted": 143,
    }  # fmt: skip
    for name, code in codes.items():
        line = next(line for line in (errors.__doc__ or "").splitlines() if f" {name} " in line)
        assert f" {code} " in line


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
