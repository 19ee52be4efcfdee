"""Operations on templates: their text, their summary, their validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.api.errors import validation_error
from sandbox.api.request import Call
from sandbox.api.stacks import Answer, Handler, Params
from sandbox.cfn.engine import Engine
from sandbox.stacksets.service import StackSets


@dataclass(frozen=True)
class TemplateOperations:
    """The part of the query API that is about templates; `stack_sets` keeps large texts for the engine."""

    engine: Engine
    stack_sets: StackSets

    def table(self) -> dict[str, Handler]:
        return {
            "GetTemplate": self.get_template,
            "GetTemplateSummary": self.get_template_summary,
            "ValidateTemplate": self.validate_template,
        }

    def get_template(self, call: Call, params: Params) -> Answer:
        if params.get("ChangeSetName"):
            body = self.engine.change_set(
                call.account, call.region, params["ChangeSetName"], params.get("StackName")
            ).template_body
        elif params.get("StackName"):
            body = self.engine.stack(call.account, call.region, params["StackName"]).template_body
        else:
            raise validation_error("StackName is required if ChangeSetName is not specified.")
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, call: Call, params: Params) -> Answer:
        sources = [params.get(key) for key in ("TemplateBody", "TemplateURL", "StackName", "StackSetName")]
        if sum(source is not None for source in sources) != 1:
            raise validation_error("You must specify only one of TemplateBody, TemplateURL, StackName or StackSetName.")
        return self._summary(call, params.get("TemplateBody"), params.get("TemplateURL") or self._stored(call, params))

    def _stored(self, call: Call, params: Params) -> str | None:
        if params.get("StackName"):
            stack = self.engine.stack(call.account, call.region, params["StackName"])
            return self.stack_sets.keep_text(stack.template_body)
        if params.get("StackSetName"):
            stack_set = self.stack_sets.find(call.account, call.region, params["StackSetName"])
            return self.stack_sets.keep_text(stack_set.definition.template_body)
        return None

    def _summary(self, call: Call, body: str | None, url: str | None) -> dict[str, Any]:
        return self.engine.template_summary(call.account, call.region, body, url)

    def validate_template(self, call: Call, params: Params) -> Answer:
        if (params.get("TemplateBody") is None) == (params.get("TemplateURL") is None):
            raise validation_error("Either Template URL or Template Body must be specified.")
        summary = self._summary(call, params.get("TemplateBody"), params.get("TemplateURL"))
        kept = ("Description", "Capabilities", "CapabilitiesReason", "DeclaredTransforms")
        parameters = [{**row, "NoEcho": bool(row.get("NoEcho"))} for row in summary.get("Parameters", [])]
        return {"Parameters": parameters, **{key: summary.get(key) for key in kept}}
