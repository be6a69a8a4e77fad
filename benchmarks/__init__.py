"""Speed and memory of the parts that matter: `python -m benchmarks NAME [--json]`."""
