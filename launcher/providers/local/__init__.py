"""This computer: runs are processes of the person's own."""
