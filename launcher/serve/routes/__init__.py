"""What can be asked, one file for each subject. Each gives a router on a ground."""
