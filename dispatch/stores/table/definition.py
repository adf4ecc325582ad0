"""A table as it is made, by the calls of AWS's API that make it: the one place that says so."""

from typing import Any

# The indexes hold archived jobs alone, in the order in which they were finished.
DEFINITION: dict[str, dict[str, Any]] = {
    "create_table": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "PHONE", "NAME")
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": attribute, "KeyType": "HASH"},
                    {"AttributeName": "SK", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attribute in (("by-phone", "PHONE"), ("by-name", "NAME"))
        ],
    },
    "update_time_to_live": {
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}
    },
    "update_continuous_backups": {
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}
    },
}
