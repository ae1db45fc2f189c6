"""OneTrainer on the pod: a program of its own, run from its own source as a process."""
