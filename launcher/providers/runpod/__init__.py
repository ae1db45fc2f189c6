"""RunPod, through its REST API v2; GraphQL for the balance alone."""
