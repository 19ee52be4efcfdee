"""Lambda functions that really run: in a forked process, with credentials of the function's role."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends

from sandbox.api.errors import AwsError
from sandbox.identity import Identity, service_may_assume
from sandbox.roles import find_role

_ZYGOTE = Path(__file__).with_name("lambda_zygote.py")
_LOG_TAIL = 4096


@dataclass(frozen=True)
class Invocation:
    """What a run gave: `payload` is the answer's JSON, `error` is set (Unhandled) when the code failed."""

    payload: bytes
    error: str | None
    log: str

    @property
    def problem(self) -> str:
        """The error's message, for people."""
        return str(json.loads(self.payload).get("errorMessage", "")) if self.error else ""


@dataclass
class Lambdas:
    """Runs functions that stand in moto's records; `endpoint` is what their SDK talks to. Thread-safe."""

    identity: Identity
    endpoint: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _place: tempfile.TemporaryDirectory[str] | None = None
    _zygote: subprocess.Popen[bytes] | None = None

    def find(self, account: str, region: str, name_or_arn: str) -> LambdaFunction:
        """ResourceNotFoundException when there is no such function in its account and Region."""
        parts = name_or_arn.split(":")
        if len(parts) >= 7:
            account, region = parts[4], parts[3]
            name_or_arn = parts[6]
        try:
            return lambda_backends[account][region].get_function(name_or_arn)
        except UnknownFunctionException:
            arn = f"arn:aws:lambda:{region}:{account}:function:{name_or_arn}"
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404) from None

    def invoke(self, function: LambdaFunction, event: Any) -> Invocation:
        """Run it to its end or its timeout."""
        if not str(function.run_time).startswith("python"):
            raise AwsError("NotImplemented", f"the sandbox does not run {function.run_time} functions", 501)
        request_id = str(uuid.uuid4())
        place = self._started()
        log = place / f"{request_id}.log"
        request = {
            "code": str(_unpacked(place, function)),
            "handler": function.handler,
            "event": event,
            "environment": self._environment(function),
            "context": _context(function, request_id),
            "log": str(log),
        }
        answer = _asked(place / "socket", request, float(function.timeout))
        text = log.read_text(errors="replace") if log.exists() else ""
        log.unlink(missing_ok=True)
        return _finished(answer, function, request_id, text)

    def stop(self) -> None:
        """End the zygote; running invocations end with it."""
        with self._lock:
            if self._zygote is not None:
                self._zygote.kill()
                self._zygote.wait()
                assert self._zygote.stdin is not None
                self._zygote.stdin.close()
            if self._place is not None:
                self._place.cleanup()
            self._zygote = self._place = None

    def _started(self) -> Path:
        with self._lock:
            if self._place is None:
                self._place = tempfile.TemporaryDirectory(prefix="mlz-", ignore_cleanup_errors=True)
            place = Path(self._place.name)
            if self._zygote is None or self._zygote.poll() is not None:
                (place / "socket").unlink(missing_ok=True)
                # -P: this directory's modules must not shadow those of function code.
                command = [sys.executable, "-P", str(_ZYGOTE), str(place / "socket")]
                self._zygote = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=place)
            return place

    def _environment(self, function: LambdaFunction) -> dict[str, str]:
        role = find_role(function.role)
        if role is None or not service_may_assume(
            "lambda.amazonaws.com", role, function.account_id, function.function_arn
        ):
            raise AwsError(
                "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", 403
            )
        credentials = self.identity.issue(role, function.function_name)
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "_HANDLER": str(function.handler),
            **{key: str(value) for key, value in function.environment_vars.items()},
        }


def _context(function: LambdaFunction, request_id: str) -> dict[str, Any]:
    return {
        "function_name": function.function_name,
        "function_version": "$LATEST",
        "invoked_function_arn": function.function_arn,
        "memory_limit_in_mb": str(function.memory_size),
        "aws_request_id": request_id,
        "log_group_name": function.logs_group_name,
        "log_stream_name": f"{time.strftime('%Y/%m/%d')}/[$LATEST]{request_id.replace('-', '')}",
        "timeout": float(function.timeout),
    }


def _unpacked(place: Path, function: LambdaFunction) -> Path:
    """The directory of the function's code, unpacked once for each content."""
    code = function.code_bytes
    target = place / hashlib.sha256(code).hexdigest()[:32]
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(dir=place))
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(scratch)
        with contextlib.suppress(OSError):  # another thread was faster
            scratch.rename(target)
    return target


def _asked(path: Path, request: dict[str, Any], timeout: float) -> dict[str, Any] | None:
    """The child's answer; None when it ended without one, {} when its time was over and it was killed."""
    with _connected(path) as connection, connection.makefile("rw", encoding="utf-8") as stream:
        pid = int(stream.readline())
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        connection.settimeout(timeout)
        try:
            line = stream.readline()
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            return {}
    return json.loads(line) if line else None


def _connected(path: Path) -> socket.socket:
    """A connection to the zygote, which needs a second to import boto3 at its start."""
    patience = time.monotonic() + 30
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            if time.monotonic() > patience:
                raise
            time.sleep(0.02)
        else:
            return connection


def _finished(answer: dict[str, Any] | None, function: LambdaFunction, request_id: str, log: str) -> Invocation:
    if answer is not None and "payload" in answer:
        return Invocation(answer["payload"].encode(), None, log)
    if answer is None:
        message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        error = {"errorType": "Runtime.ExitError", "errorMessage": message}
    elif not answer:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        error = {"errorMessage": f"{stamp} {request_id} Task timed out after {float(function.timeout):.2f} seconds"}
    else:
        error = {**answer["error"], "requestId": request_id}
    return Invocation(json.dumps(error).encode(), "Unhandled", log)


def invoke_answer(lambdas: Lambdas, account: str, region: str, name: str, body: bytes, kind: str) -> dict[str, Any]:
    """lambda:Invoke for `kind` RequestResponse, Event or DryRun: status, headers, payload."""
    function = lambdas.find(account, region, name)
    event = json.loads(body or b"{}")
    if kind == "DryRun":
        return {"status": 204, "headers": {}, "payload": b""}
    if kind == "Event":
        threading.Thread(target=lambdas.invoke, args=(function, event), daemon=True).start()
        return {"status": 202, "headers": {}, "payload": b""}
    done = lambdas.invoke(function, event)
    tail = base64.b64encode(done.log.encode()[-_LOG_TAIL:]).decode()
    headers = {"X-Amz-Executed-Version": "$LATEST", "X-Amz-Log-Result": tail, "Content-Type": "application/json"}
    if done.error:
        headers["X-Amz-Function-Error"] = done.error
    return {"status": 200, "headers": headers, "payload": done.payload}
