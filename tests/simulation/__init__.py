"""The three promises under drawn faults: launcher, agent and both emulators in one process and in virtual time."""
