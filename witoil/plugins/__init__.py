"""Models of images, rasters and sound behind one interface: found, loaded, run, put on the map.

Nothing of this package loads the runtime of the models before a model is run.
"""
