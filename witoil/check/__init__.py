"""What a case would read, cover, cost and lack, told before it is run."""
