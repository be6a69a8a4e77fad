"""What is made of the numbers that a model puts out: one head for each task."""
