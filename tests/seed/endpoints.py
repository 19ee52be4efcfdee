"""A small AWS over HTTP with endpoints in several accounts: STS, what describes them, and invocations."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/ages-p-abc/3"
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::{account}:assumed-role/r/s</Arn><UserId>u</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass
class World:
    """Account -> its endpoint's status, answer and model; `asked` is every call and assumed role as (account, what).

    A model of a multi-model endpoint answers, and is asked, as `<account> <model>`.
    """

    answers: dict[str, bytes]
    statuses: dict[str, str] = field(default_factory=dict)
    models: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, account: str, path: str, body: bytes, model: str) -> tuple[int, bytes]:
        if path.endswith("/invocations"):
            called = f"{account} {model}".rstrip()
            self.asked.append((called, body.decode()))
            found = self.answers[called]
            return (500, b'{"message": "model broke"}') if found == b"" else (200, found)
        if b"Action=AssumeRole" in body:
            role = re.search(rb"RoleArn=([^&]+)", body)
            assert role
            arn = role[1].decode().replace("%3A", ":").replace("%2F", "/")
            self.asked.append((account, arn))
            return 200, ASSUMED.format(account=arn.split(":")[4]).encode()
        if b"Action=GetCallerIdentity" in body:
            return 200, IDENTITY.format(account=account).encode()
        return 200, json.dumps(self.described(account, json.loads(body))).encode()

    def described(self, account: str, asked: dict[str, str]) -> dict[str, object]:
        """An endpoint, its configuration or its model, by what was asked for."""
        match asked:
            case {"EndpointName": name}:
                status = self.statuses.get(account, "InService")
                return {"EndpointName": name, "EndpointConfigName": "config", "EndpointStatus": status}
            case {"EndpointConfigName": "config"}:
                return {"ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "model"}]}
            case {"ModelName": "model"}:
                return {"PrimaryContainer": self.models.get(account, {"ModelPackageName": PACKAGE})}
        raise ValueError(asked)


@contextmanager
def running(world: World) -> Iterator[World]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            signed = re.search(r"Credential=(\d{12})/", self.headers.get("Authorization", ""))
            status, answer = world.answer(
                signed[1] if signed else "", self.path, body, self.headers.get("X-Amzn-SageMaker-Target-Model", "")
            )
            self.send_response(status)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Tests say what was asked through World.asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    world.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
