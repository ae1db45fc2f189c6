"""OneTrainer, as the launcher sees it: its exported file of settings, made fit for a pod."""
