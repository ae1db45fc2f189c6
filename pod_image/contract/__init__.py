"""What passes between launcher and pod; standard library and pydantic only."""

CONTRACT_VERSION = 1
"""Sent in `LAUNCHER_RUN`; an image that does not know the number says so and releases its pod."""
