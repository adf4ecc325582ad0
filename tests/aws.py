"""The environment of a process whose AWS is a stand-in on loopback, and a client for it."""

import os
from typing import Any

import boto3

from dispatch.stores.aws import PATIENT


def aws_environment(endpoint: str) -> dict[str, str]:
    """Environment variables by which boto3 finds this server and nothing else."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_SESV2": endpoint,
        "AWS_ENDPOINT_URL_SNS": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def patient_dynamodb() -> Any:
    return boto3.session.Session().client("dynamodb", config=PATIENT)
