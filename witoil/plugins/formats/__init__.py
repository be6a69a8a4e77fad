"""What was found, as files of other tools; and their files of annotations, read."""
