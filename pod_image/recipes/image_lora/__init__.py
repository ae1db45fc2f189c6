"""ai-toolkit on a pod: started as it is, in the image that has it."""
