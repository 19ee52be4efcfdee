"""Provisioned products of Service Catalog: a product's template as a stack, with the role of its launch constraint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.catalog import Row, paged
from sandbox.cfn.model import StackRequest
from sandbox.launch_paths import LaunchPaths
from sandbox.launches import CAPABILITIES, Launch, Launcher, require_role
from sandbox.provisioned import Provisioned, Record, attributes, detail, record_detail

_PRINCIPAL = "servicecatalog.amazonaws.com"
_ALL = 100


@dataclass
class Provisioning:
    """Provisioned products by id until they are terminated; records stay."""

    launcher: Launcher
    paths: LaunchPaths
    _products: dict[str, Provisioned] = field(default_factory=dict)
    _records: dict[str, tuple[Provisioned, Record]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        named: dict[str, Callable[[Call], Mapping[str, Any]]] = {
            "ProvisionProduct": lambda call: _last(self.provision(call, call.params)),
            "UpdateProvisionedProduct": lambda call: _last(self.update(call, call.params)),
            "TerminateProvisionedProduct": lambda call: _last(self.terminate(call, call.params)),
            "DescribeProvisionedProduct": self.describe,
            "DescribeRecord": self.record,
            "SearchProvisionedProducts": self.search,
            "ScanProvisionedProducts": self.scan,
        }
        return {("servicecatalog", name): operation for name, operation in named.items()}

    def provision(self, call: Call, given: Mapping[str, Any]) -> Provisioned:
        """Refused unless the caller is admitted and the launch role can be assumed; then it goes on in a thread."""
        product, version, path = self.paths.chosen(call, given)
        if version.guidance == "DEPRECATED":
            raise AwsError("InvalidParametersException", f"Provisioning artifact {version.id} is deprecated.")
        if path.role:
            require_role(path.role, _PRINCIPAL, call.account, call.region, "InvalidParametersException")
        made = Provisioned(
            name=given["ProvisionedProductName"],
            place=(call.account, call.region),
            product=product.physical_id,
            product_name=product.properties["Name"],
            version=version.id,
            version_name=version.name,
            path=path,
            user=call.caller.arn,
            token=given["ProvisionToken"],
            parameters=_parameters(given),
            tags={tag["Key"]: tag["Value"] for tag in given.get("Tags", ())},
        )
        with self._lock:
            known = next((one for one in self._of(call) if one.name == made.name), None)
            if known is not None and known.token == made.token:
                return known
            if known is not None:
                message = f"A stack with name {made.name} already exists. Please choose a different name and try again."
                raise AwsError("InvalidParametersException", message)
            self._products[made.id] = made
            self._note(made, "PROVISION_PRODUCT", self.launcher.create(_request(made, version.url)))
        return made

    def update(self, call: Call, given: Mapping[str, Any]) -> Provisioned:
        """To another version or with other parameters; those sent with UsePreviousValue, and unnamed ones, stay."""
        found = self.found(call, given)
        _refuse_moving(found)
        named = {key: value for key, value in given.items() if key.startswith("ProvisioningArtifact")}
        named = named or {"ProvisioningArtifactId": found.version}
        same = {"ProductId": found.product, "PathId": found.path.id}
        _, version, _ = self.paths.chosen(call, {**same, **named})
        found.parameters |= _parameters(given)
        found.version, found.version_name = version.id, version.name
        self._note(found, "UPDATE_PROVISIONED_PRODUCT", self.launcher.update(_request(found, version.url)))
        return found

    def terminate(self, call: Call, given: Mapping[str, Any]) -> Provisioned:
        """Deletes the stack; the provisioned product is gone when that is."""
        found = self.found(call, given)
        _refuse_moving(found)

        def gone() -> None:
            self._products.pop(found.id, None)

        launch = self.launcher.delete(*found.place, found.stack_name, gone)
        self._note(found, "TERMINATE_PROVISIONED_PRODUCT", launch)
        return found

    def describe(self, call: Call) -> Row:
        found = self.found(call, call.params)
        return {"ProvisionedProductDetail": {**detail(found), "LaunchRoleArn": found.path.role or None}}

    def record(self, call: Call) -> Row:
        """Outputs are those of the stack when the operation ended."""
        if call.params["Id"] not in self._records:
            raise AwsError("ResourceNotFoundException", f"Record {call.params['Id']} not found.")
        product, record = self._records[call.params["Id"]]
        outputs = [{"OutputKey": one.key, "OutputValue": one.value} for one in record.launch.outputs]
        answer = paged(outputs, "RecordOutputs", call)
        return {"RecordDetail": record_detail(product, record), **answer}

    def search(self, call: Call) -> Row:
        """Filters: `SearchQuery` of words `field:value`, of the fields name, id, productId, status."""
        words = [word for query in (call.params.get("Filters") or {}).get("SearchQuery", ()) for word in query.split()]
        rows = [attributes(one) for one in self._of(call) if all(_matches(one, word) for word in words)]
        return {"TotalResultsCount": len(rows), **paged(rows, "ProvisionedProducts", call, _ALL)}

    def scan(self, call: Call) -> Row:
        return paged([detail(one) for one in self._of(call)], "ProvisionedProducts", call)

    def found(self, call: Call, given: Mapping[str, Any]) -> Provisioned:
        """By id or name; ResourceNotFoundException when there is none."""
        identity = given.get("ProvisionedProductId") or given.get("Id")
        name = given.get("ProvisionedProductName") or given.get("Name")
        for one in self._of(call):
            if identity == one.id or (name and name in (one.name, one.arn)):
                return one
        raise AwsError("ResourceNotFoundException", f"Provisioned product not found: {identity or name}")

    def _of(self, call: Call) -> list[Provisioned]:
        return [one for one in list(self._products.values()) if one.place == (call.account, call.region)]

    def _note(self, product: Provisioned, kind: str, launch: Launch) -> None:
        record = Record(kind, launch)
        product.records.append(record)
        self._records[record.id] = (product, record)


def _last(product: Provisioned) -> Row:
    return {"RecordDetail": record_detail(product, product.last)}


def _request(product: Provisioned, url: str) -> StackRequest:
    account, region = product.place
    return StackRequest(
        account,
        region,
        product.stack_name,
        template_url=url,
        parameters=product.parameters,
        capabilities=CAPABILITIES,
        tags=product.tags,
        role_arn=product.path.role or None,
    )


def _parameters(given: Mapping[str, Any]) -> dict[str, str]:
    rows: Sequence[Mapping[str, Any]] = given.get("ProvisioningParameters") or ()
    return {row["Key"]: row.get("Value", "") for row in rows if not row.get("UsePreviousValue")}


def _refuse_moving(product: Provisioned) -> None:
    if product.status == "UNDER_CHANGE":
        raise AwsError("InvalidParametersException", f"Provisioned product {product.id} is under change.")


def _matches(product: Provisioned, word: str) -> bool:
    fields = {"name": product.name, "id": product.id, "productId": product.product, "status": product.status}
    field_name, _, value = word.partition(":")
    return fields.get(field_name) == value
