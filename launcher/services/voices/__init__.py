"""The voices that runs delivered: finding them, making them, speaking with them."""
