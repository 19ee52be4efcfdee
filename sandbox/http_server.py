"""The HTTP/1.1 server under the embedded AWS: keep-alive, silent, and able to lose a response on order."""

from __future__ import annotations

import io
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, DechunkedInput, make_server


@dataclass(frozen=True)
class Answer:
    """One HTTP response; `lost` resets the connection instead of sending it."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    lost: bool = False


Respond = Callable[[dict[str, Any]], Answer]

# Reset instead of close: linger on, for zero seconds.
_RESET = struct.pack("ii", 1, 0)


class _Handler(MotoRequestHandler):
    """Reads each body whole, so that connections can be kept (werkzeug's own handler closes every one)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_expect_100(self) -> bool:
        """Answered at once: a client that hears nothing waits a second before it sends its body."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body())
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        answer = self._answer(environ)
        if answer.lost:
            self._reset()
        else:
            self._send(answer)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return io.BufferedReader(DechunkedInput(cast("IO[bytes]", self.rfile))).read()  # type: ignore[type-var]
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, environ: dict[str, Any]) -> Answer:
        respond: Respond = self.server.app  # type: ignore[assignment]
        try:
            return respond(environ)
        except Exception as error:  # noqa: BLE001 - the last frame of a request: answer 500 rather than nothing
            text = "".join(traceback.format_exception(error))
            return Answer(500, text.encode(), (("Content-Type", "text/plain"),))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status, HTTPStatus(answer.status).phrase)
        self.send_header("Date", self.date_time_string())
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        kept = [(n, v) for n, v in answer.headers if n.lower() not in ("connection", "transfer-encoding", "date")]
        for name, value in kept:
            self.send_header(name, value)
        if not bodiless and not any(name.lower() == "content-length" for name, _ in kept):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the console belongs to the program."""


@dataclass
class HttpServer:
    """A thread a connection, on 127.0.0.1 unless told otherwise; port 0 takes a free one."""

    respond: Respond
    host: str = "127.0.0.1"
    port: int = 0
    _server: BaseWSGIServer | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Bind and serve; OSError when the port is taken."""
        with socket.socket() as bound:  # bound here, since werkzeug exits the program when a port is taken
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self.host, self.port))
            bound.listen(1024)
            self.port = int(bound.getsockname()[1])
            application: Any = self.respond
            self._server = make_server(
                self.host, self.port, application, True, request_handler=_Handler, fd=bound.fileno()
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None
