"""SageMaker projects: stacks of templates, of a Service Catalog product or from an address in S3."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.cfn.errors import CfnError
from sandbox.cfn.model import StackRequest
from sandbox.launches import CAPABILITIES, Launch, Launcher, require_role
from sandbox.project import Project, Row
from sandbox.provisioning import Provisioning

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")
_PAGE = 10
_DELETED = "DeleteCompleted"


@dataclass
class Projects:
    """By account, Region and name; a deleted project stays described until another takes its name."""

    launcher: Launcher
    provisioning: Provisioning
    _projects: dict[tuple[str, str, str], Project] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        named: dict[str, Callable[[Call], Mapping[str, Any]]] = {
            "CreateProject": self.create,
            "DescribeProject": self.describe,
            "ListProjects": self.listed,
            "UpdateProject": self.update,
            "DeleteProject": self.delete,
            "ListTags": self.tags,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
        }
        return {("sagemaker", name): operation for name, operation in named.items()}

    def create(self, call: Call) -> Row:
        """Refused at once: a bad name, no or two providers, a product that does not admit the caller, a bad role."""
        given = call.params
        project = Project(
            name=_checked(given["ProjectName"]),
            place=(call.account, call.region),
            creator=call.caller.arn,
            description=given.get("ProjectDescription", ""),
            tags={tag["Key"]: tag["Value"] for tag in given.get("Tags", ())},
            details=given.get("ServiceCatalogProvisioningDetails"),
            template=_template(given.get("TemplateProviders")),
        )
        if (project.details is None) == (project.template is None):
            message = "Provide exactly one of ServiceCatalogProvisioningDetails and TemplateProviders."
            raise AwsError("ValidationException", message)
        key = (*project.place, project.name)
        with self._lock:
            if key in self._projects and self._projects[key].status != _DELETED:
                raise AwsError("ValidationException", f"Project {project.name} already exists.")
            before = self._projects.get(key)
            self._projects[key] = project
        try:
            project.launch = self._created(call, project)
        except AwsError:
            self._projects.pop(key)
            if before is not None:
                self._projects[key] = before
            raise
        return {"ProjectArn": project.arn, "ProjectId": project.id}

    def describe(self, call: Call) -> Row:
        project = self._found(call)
        stack = self.launcher.engine.registry.find(*project.place, project.stack_name)
        return project.described(stack.stack_id if stack else "")

    def listed(self, call: Call) -> Row:
        """`NameContains` is evaluated, times are not; newest first unless asked for otherwise, as on AWS."""
        given = call.params
        found = [p for p in list(self._projects.values()) if p.place == (call.account, call.region)]
        found = [p for p in found if given.get("NameContains", "") in p.name]
        by_name = given.get("SortBy") == "Name"
        descends = given.get("SortOrder", "Descending") == "Descending"
        found.sort(key=lambda one: one.name if by_name else one.created.isoformat(), reverse=descends)
        rows = [project.summary() for project in found]
        paging = {"MaxResults": given.get("MaxResults") or _PAGE, "NextToken": given.get("NextToken")}
        return page(rows, "ProjectSummaryList", paging, error="ValidationException")

    def update(self, call: Call) -> Row:
        """Description and tags, or another version or parameters of what it was made of."""
        project = self._found(call)
        _refuse_moving(project, "update")
        given = call.params
        project.description = given.get("ProjectDescription", project.description)
        project.tags |= {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())}
        project.modified = datetime.now(UTC)
        change = given.get("ServiceCatalogProvisioningUpdateDetails")
        template = _template(given.get("TemplateProvidersToUpdate"))
        if change is not None and project.provisioned is not None:
            sent = {**change, "ProvisionedProductId": project.provisioned.id}
            project.launch = self.provisioning.update(call, sent).last.launch
            project.verb = "Update"
        elif template is not None and project.template is not None:
            project.template = {**project.template, **template}
            project.launch, project.verb = self.launcher.update(self._request(call, project)), "Update"
        return {"ProjectArn": project.arn}

    def delete(self, call: Call) -> Row:
        project = self._found(call)
        _refuse_moving(project, "delete")
        if project.status == _DELETED:
            raise AwsError("ValidationException", f"Cannot delete Project in {_DELETED} status")
        if project.provisioned is None:
            launch = self.launcher.delete(*project.place, project.stack_name, lambda: None)
        else:
            launch = self.provisioning.terminate(call, {"ProvisionedProductId": project.provisioned.id}).last.launch
        project.launch, project.verb, project.modified = launch, "Delete", datetime.now(UTC)
        return {}

    def tags(self, call: Call) -> Row:
        project = self._by_arn(call)
        if project is None:
            backend = sagemaker_backends[call.account][call.region]
            rows, token = backend.list_tags(
                arn=call.params["ResourceArn"],
                MaxResults=call.params.get("MaxResults"),
                NextToken=call.params.get("NextToken"),
            )
            return {"Tags": rows, "NextToken": token}
        return {"Tags": [{"Key": key, "Value": value} for key, value in project.tags.items()]}

    def add_tags(self, call: Call) -> Row:
        project, tags = self._by_arn(call), call.params["Tags"]
        if project is None:
            backend = sagemaker_backends[call.account][call.region]
            return {"Tags": backend.add_tags(call.params["ResourceArn"], tags)}
        project.tags |= {tag["Key"]: tag["Value"] for tag in tags}
        return {"Tags": [{"Key": key, "Value": value} for key, value in project.tags.items()]}

    def delete_tags(self, call: Call) -> Row:
        project, keys = self._by_arn(call), call.params["TagKeys"]
        if project is None:
            sagemaker_backends[call.account][call.region].delete_tags(call.params["ResourceArn"], keys)
            return {}
        project.tags = {key: value for key, value in project.tags.items() if key not in keys}
        return {}

    def _created(self, call: Call, project: Project) -> Launch:
        if project.details is None:
            assert project.template is not None
            if project.template.get("RoleARN"):
                require_role(
                    project.template["RoleARN"], "cloudformation.amazonaws.com", *project.place, "ValidationException"
                )
            return self.launcher.create(self._request(call, project))
        sent = {
            **project.details,
            "ProvisionedProductName": f"{project.name}-{project.id}",
            "ProvisionToken": project.id,
            "ProvisioningParameters": self._parameters(call, project),
            "Tags": [{"Key": key, "Value": value} for key, value in _stack_tags(project).items()],
        }
        try:
            project.provisioned = self.provisioning.provision(call, sent)
        except AwsError as error:
            raise AwsError("ValidationException", _in_sagemakers_words(error, project.details)) from error
        return project.provisioned.last.launch

    def _parameters(self, call: Call, project: Project) -> list[Row]:
        """Those given, with the project's name and id where the product's template takes them."""
        assert project.details is not None
        try:
            _, version, _ = self.provisioning.paths.chosen(call, project.details)
        except AwsError as error:
            raise AwsError("ValidationException", _in_sagemakers_words(error, project.details)) from error
        own = self._identity(call, project, version.url)
        given = project.details.get("ProvisioningParameters", ())
        return [*given, *({"Key": key, "Value": value} for key, value in own.items())]

    def _request(self, call: Call, project: Project) -> StackRequest:
        assert project.template is not None
        url = project.template["TemplateURL"]
        given = {row["Key"]: row.get("Value", "") for row in project.template.get("Parameters", ())}
        return StackRequest(
            call.account,
            call.region,
            project.stack_name,
            template_url=url,
            parameters={**given, **self._identity(call, project, url)},
            capabilities=CAPABILITIES,
            tags=_stack_tags(project),
            role_arn=project.template.get("RoleARN"),
        )

    def _identity(self, call: Call, project: Project, url: str) -> dict[str, str]:
        try:
            summary = self.launcher.engine.template_summary(call.account, call.region, template_url=url)
        except CfnError as error:
            raise AwsError("ValidationException", error.message) from error
        declared = {row["ParameterKey"] for row in summary["Parameters"]}
        own = {"SageMakerProjectName": project.name, "SageMakerProjectId": project.id}
        return {key: value for key, value in own.items() if key in declared}

    def _found(self, call: Call) -> Project:
        name = call.params["ProjectName"]
        project = self._projects.get((call.account, call.region, name))
        if project is None:
            raise AwsError("ValidationException", f"Project {name} does not exist.")
        return project

    def _by_arn(self, call: Call) -> Project | None:
        """None for the ARN of anything else; ValidationException for that of a project that there is not."""
        _, is_project, name = str(call.params["ResourceArn"]).partition(":project/")
        if not is_project:
            return None
        project = self._projects.get((call.account, call.region, name))
        if project is None:
            raise AwsError("ValidationException", f"Project {name} does not exist.")
        return project


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'projectName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}",
        )
    return name


def _template(providers: Any) -> Mapping[str, Any] | None:
    return None if not providers else dict(providers[0]["CfnTemplateProvider"])


def _stack_tags(project: Project) -> dict[str, str]:
    return {**project.tags, "sagemaker:project-name": project.name, "sagemaker:project-id": project.id}


def _refuse_moving(project: Project, verb: str) -> None:
    if project.status == "Pending" or project.status.endswith("InProgress"):
        raise AwsError("ValidationException", f"Cannot {verb} Project in {project.status} status")


def _in_sagemakers_words(error: AwsError, details: Mapping[str, Any]) -> str:
    if error.code == "ResourceNotFoundException":
        return f"Product {details['ProductId']} does not exist or access was denied."
    return error.message
