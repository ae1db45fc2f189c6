"""The content that our image's tag had when this release was made. The workflow of a release writes it in."""

IMAGE_DIGEST = ""
"""`sha256:` and 64 digits; empty in a checkout and wherever no release has written it."""
