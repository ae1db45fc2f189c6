"""How far a command is, from what it prints and writes: every usual trainer's own way of telling, read as data."""
