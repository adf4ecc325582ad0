"""JSON values ↔ DynamoDB's attributes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from dispatch.domain.document import StoreUnavailable

Item = dict[str, Any]  # as JSON has it

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def to_attributes(item: Mapping[str, Any]) -> Item:
    """Raises StoreUnavailable for a number of more digits than DynamoDB keeps."""
    try:
        return {name: _serializer.serialize(value) for name, value in item.items()}
    except ArithmeticError as error:
        raise StoreUnavailable("DynamoDB keeps no number of more than 38 digits.") from error


def from_attributes(attributes: Mapping[str, Any]) -> Item:
    """As JSON has it, without what JSON cannot hold: that stays in the table, untouched."""
    item = {}
    for name, attribute in attributes.items():
        try:
            item[name] = _plain(_deserializer.deserialize(attribute))
        except TypeError:
            continue
    return item


def _plain(value: Any) -> Any:
    """Raises TypeError for bytes."""
    if isinstance(value, Binary):
        raise TypeError
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set):
        return sorted(_plain(each) for each in value)
    return [_plain(each) for each in value] if isinstance(value, list) else value
