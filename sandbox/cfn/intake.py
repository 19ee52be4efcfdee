"""A request meets what exists: its template is read, and prepared against the stack, exports and stored parameters."""

from __future__ import annotations

from . import naming, services, template
from .errors import invalid
from .model import Scope, Stack, StackRequest
from .preparation import Prepared, prepare
from .registry import Registry


def body_of(registry: Registry, request: StackRequest, stack: Stack | None) -> str:
    """The template's text; ValidationError when none is given, or it is over its limit."""
    if request.template_body is not None:
        return template.checked_size(request.template_body, template.BODY_LIMIT)
    if request.template_url is not None:
        text = registry.hooks.read_template(request.template_url, request.account, request.region)
        return template.checked_size(text, template.URL_LIMIT)
    if stack is None:
        raise invalid("Either Template URL or Template Body must be specified.")
    return stack.template_body


def intake(
    registry: Registry,
    request: StackRequest,
    stack: Stack | None,
    *,
    capability_code: str = "InsufficientCapabilitiesException",
    deploys_here: bool = True,
) -> Prepared:
    """`stack` is the one to update, None for a new one; nothing is changed.

    What is not deployed here (the definition of a stack set) names SSM parameters of its target accounts: only there
    can they be read.
    """
    body = body_of(registry, request, stack)
    scope = registry.scope(stack) if stack else provisional_scope(request)
    exports = registry.home(request.account, request.region).exports

    def export(name: str) -> str | None:
        found = exports.get(name)
        return found.value if found else None

    return prepare(
        request,
        template.parse(body),
        body,
        scope,
        previous=stack.parameters if stack else {},
        stored=(lambda name: services.stored_parameter(scope, name)) if deploys_here else (lambda name: name),
        find_export=export,
        capability_code=capability_code,
    )


def provisional_scope(request: StackRequest) -> Scope:
    partition, url_suffix = naming.partition_of(request.region)
    return Scope(request.account, request.region, partition, url_suffix, "", request.name, "", request.tags or {})
