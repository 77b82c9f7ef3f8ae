"""The socket side: HTTP/1.1 with keep-alive, one thread per connection, loopback by default."""

from __future__ import annotations

import email.utils
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .app import Application
from .control import Control
from .http import Request, Response
from .portal import Portal

_LINGER_NOT = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Serves one portal: the API, and its control under `/_sim/`."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], portal: Portal) -> None:
        super().__init__(address, Handler)
        self.portal = portal
        self.application = Application(portal)
        self.control = Control(portal)

    def server_bind(self) -> None:
        # HTTPServer would look up the host's name, which can take seconds without a network.
        socket_server_bind(self)

    def shutdown_request(self, request: Any) -> None:
        # A reset connection must not say goodbye first.
        if (
            request.fileno() >= 0
            and request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _LINGER_NOT
        ):
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in mid-answer is not worth a traceback."""


def socket_server_bind(server: Server) -> None:
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.socket.bind(server.server_address)
    server.server_address = server.socket.getsockname()
    host, port = server.server_address[:2]
    server.server_name, server.server_port = str(host), int(port)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "hubspot-simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            return
        request = Request(self.command, self.path, self.headers, body)
        if request.path.startswith("/_sim/"):
            answer = self.server.control.handle(request)
            if isinstance(answer, Response):
                self._send(answer)
            else:
                self._stream(answer)
            return
        self._send(self.server.application.handle(request))

    def _body(self) -> bytes | None:
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            return self._chunked_body()
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _chunked_body(self) -> bytes:
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                return b"".join(parts)

    def _send(self, response: Response) -> None:
        if response.delivery == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self.close_connection = True
            return
        self.send_response(response.status, _REASONS.get(response.status))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        if response.delivery == "cut":
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        body = response.body
        self.wfile.write(body[: len(body) // 2] if response.delivery == "cut" else body)
        self.wfile.flush()

    def _stream(self, chunks: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        # HubSpot's clock, which a test may move.
        now = self.server.portal.now_ms() / 1000 if timestamp is None else timestamp
        return email.utils.formatdate(now, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent: request lines can hold ids and values."""


_REASONS = {
    423: "Locked",
    477: "Migration in Progress",
    521: "Web Server Is Down",
    523: "Origin Is Unreachable",
    524: "A Timeout Occurred",
}
