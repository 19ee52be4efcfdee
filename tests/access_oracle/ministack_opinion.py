"""Answers cases with MiniStack's evaluator; run as a program of its own, with a Python that has `ministack`.

It knows one account, no SCP, RCP or endpoint policy; and reads a case (JSON) a line, as oracle.mjs does.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ministack.core import iam_evaluator as ministack

_LETTERS = {"Allow": "a", "ImplicitDeny": "i", "Deny": "e"}
# It fills in these by itself.
_ITS_OWN = ("aws:sourceip", "aws:securetransport")


def answer(case: dict[str, Any]) -> str:
    def parsed(kind: str) -> list[Any]:
        return [ministack.parse_policy_document(p["document"]) for p in case["policies"] if p["kind"] == kind]

    given = {key.lower(): value for key, value in case["context"].items()}
    context = ministack.EvalContext(
        case["principal"],
        "AssumedRole" if case["role"] else "User",
        given["aws:principalaccount"],
        case["action"],
        case["resource"],
        given.get("aws:requestedregion", "eu-west-1"),
        source_ip=given.get("aws:sourceip", ""),
        secure_transport=given.get("aws:securetransport") == "true",
        service_context={key: value for key, value in given.items() if key not in _ITS_OWN},
    )
    limits = [limit for limit in (parsed("BOUNDARY"), parsed("SESSION")) if limit]
    decided = ministack.evaluate(context, parsed("IDENTITY"), *limits)
    documents = [p["document"] for p in case["policies"] if p["kind"] in ("RESOURCE", "KEY")]
    if documents:
        decided = ministack.combine_resource_policy(
            decided, context, documents[0], case["owner"], required=":key/" in case["resource"], limits=tuple(limits)
        )
    return _LETTERS.get(decided.decision, f"?{decided.decision}")


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(answer(json.loads(line)) + "\n")
