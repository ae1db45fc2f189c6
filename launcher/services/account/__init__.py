"""Whether the keys and the cloud's interface are as this release expects."""
