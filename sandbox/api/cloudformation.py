"""CloudFormation's query API: one table of operations, each with its parameters parsed and checked by the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.api.changesets import ChangeSetOperations
from sandbox.api.constraints import check
from sandbox.api.errors import validation_error
from sandbox.api.models import operation_model
from sandbox.api.query import parse
from sandbox.api.request import Call
from sandbox.api.stacks import Handler, StackOperations
from sandbox.api.stackset_views import StackSetViews
from sandbox.api.stacksets import StackSetOperations
from sandbox.api.templates import TemplateOperations
from sandbox.cfn.engine import Engine
from sandbox.stacksets.service import StackSets

SERVICE = "cloudformation"


def handlers(engine: Engine, stack_sets: StackSets) -> dict[str, Handler]:
    """Every operation that is implemented, by name."""
    return {
        **StackOperations(engine).table(),
        **ChangeSetOperations(engine).table(),
        **TemplateOperations(engine, stack_sets).table(),
        **StackSetOperations(stack_sets).table(),
        **StackSetViews(stack_sets).table(),
    }


def operations(table: Mapping[str, Handler]) -> dict[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
    """The handlers as operations on raw calls: form fields are parsed and checked first."""
    return {(SERVICE, name): _parsed(name, handler) for name, handler in table.items()}


def _parsed(name: str, handler: Handler) -> Callable[[Call], Mapping[str, Any]]:
    def operation(call: Call) -> Mapping[str, Any]:
        model = operation_model(SERVICE, name)
        assert model is not None
        if call.protocol != "query":
            raise validation_error("CloudFormation is spoken to in the query protocol")
        params = parse(model.input_shape, call.params)
        if model.input_shape is not None:
            check(model.input_shape, params)
        return handler(call, params)

    return operation
