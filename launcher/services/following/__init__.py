"""What can be seen of a run, said to it, and had from it."""
