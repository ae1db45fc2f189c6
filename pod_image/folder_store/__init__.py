"""A folder of a person's own in place of a repo: what a run delivers lies in it as plain files, each known by its hash.

Standard library alone: the same code keeps a folder on this computer and on one that ssh reaches.
"""
