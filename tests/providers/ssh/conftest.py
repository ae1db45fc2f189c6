"""A real sshd for tests of a machine that ssh reaches."""

from tests.providers.ssh.sshd import sshd

__all__ = ["sshd"]
