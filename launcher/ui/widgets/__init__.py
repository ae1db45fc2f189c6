"""What several pages draw with. May read the state; knows no service."""
