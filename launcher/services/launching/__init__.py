"""From a plan to a pod that can end itself."""
