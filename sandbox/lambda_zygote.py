"""Runs function code: imports boto3 once, then forks for each invocation. A program of its own, never imported."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from types import SimpleNamespace
from typing import Any

import boto3  # noqa: F401 - imported before forking, so that no invocation pays for it
import botocore.session  # noqa: F401
import cfnresponse  # type: ignore[import-untyped]  # noqa: F401


def serve(path: str) -> None:
    """Accept invocations on a Unix socket until standard input closes, that is, until the sandbox ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _child(connection)
        connection.close()


def _child(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("rw", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        request = json.loads(stream.readline())
        _redirect(request["log"])
        answer = _invoked(request)
        sys.stdout.flush()
        sys.stderr.flush()
        stream.write(json.dumps(answer) + "\n")
        stream.flush()
    os._exit(0)


def _redirect(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (descriptor, 1), (descriptor, 2)):
        os.dup2(source, target)


def _invoked(request: dict[str, Any]) -> dict[str, Any]:
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["code"])
    sys.path.insert(0, request["code"])
    module_name, _, function_name = request["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module_name.replace("/", ".")), function_name)
        return {"payload": json.dumps(handler(request["event"], _context(request["context"])))}
    except BaseException as error:  # noqa: BLE001 - whatever function code raises, SystemExit too, is its answer
        return {"error": _described(error)}


def _context(given: dict[str, Any]) -> SimpleNamespace:
    ends = time.monotonic() + given.pop("timeout")
    return SimpleNamespace(**given, get_remaining_time_in_millis=lambda: max(0, int((ends - time.monotonic()) * 1000)))


def _described(error: BaseException) -> dict[str, Any]:
    traceback.print_exception(error)
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


if __name__ == "__main__":
    serve(sys.argv[1])
