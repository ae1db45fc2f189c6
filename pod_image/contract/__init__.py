"""What passes between launcher and pod; standard library and pydantic only."""

CONTRACT_VERSION = 2
"""Sent in `LAUNCHER_RUN`; an image that does not know the number says so and releases its pod. 2: several datasets."""
READABLE_CONTRACTS = (1, 2)
"""What this release understands: a document of 1 has one dataset, and settings of its time alone."""
