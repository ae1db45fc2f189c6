"""What a plan reads of this computer: files that go along with a run."""
