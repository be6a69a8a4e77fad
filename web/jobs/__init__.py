"""Processes, and the queue of jobs that run them; what may be known of a job by others."""
