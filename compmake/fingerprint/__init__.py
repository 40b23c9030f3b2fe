"""What a job's outcome hangs on, as digests: the user code it can reach, and values."""
