"""Aquatic sciences: what images, rasters, sound and tables tell, in arrays and numbers.

It knows nothing of cases, plug-ins or HTTP; `witoil.plugins` alone uses it.
"""
