"""What comes in: uploads, the catalogue of the operator, events, and the inputs that name them."""
