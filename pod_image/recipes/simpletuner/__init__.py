"""SimpleTuner on a pod: a program of its own (AGPL-3.0), installed from its package and started as it is."""
