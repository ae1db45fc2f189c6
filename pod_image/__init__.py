"""Everything that runs in the container of a pod; imports nothing of `launcher`."""
