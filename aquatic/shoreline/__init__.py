"""Where sea and land meet: in images by colour, along transects, at one level of the tide."""
