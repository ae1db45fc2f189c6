"""What the pod's half of any place has to do, and the places that are held to it."""
