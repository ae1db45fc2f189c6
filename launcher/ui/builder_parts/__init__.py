"""The steps of the data set builder, one file each; the builder puts them in their order."""
