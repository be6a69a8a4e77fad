"""Cuts the coasts that tests are near into the cache, all at once: `python -m tests.coasts`.

Each alone would load the coast of the world again. One that is not listed here costs a test that.
"""

from catalog.shapes.coastline import keep_land

BOXES = {
    "Baniyas": [(35.0, 30.0, 40.0, 40.0), (30.0, 30.0, 40.0, 40.0)],
    "Lebanon": [(35.0, 30.0, 40.0, 35.0)],
    "the demo": [(15.0, 35.0, 25.0, 40.0), (15.0, 35.0, 20.0, 40.0)],
    "Paria": [(-70.0, 5.0, -60.0, 15.0)],
    "Fiji": [(175.0, -20.0, 180.0, -15.0)],
    "no sea": [(5.0, 45.0, 15.0, 50.0)],
    "180 degrees": [
        *((175.0, -35.0, 180.0, -25.0), (-180.0, -35.0, -175.0, -25.0)),
        *((175.0, 30.0, 180.0, 40.0), (-180.0, 30.0, -175.0, 40.0)),
    ],
    "near the pole": [
        *((175.0, 85.0, 180.0, 90.0), (-180.0, 85.0, -175.0, 90.0)),
        (30.0, 85.0, 40.0, 90.0),
    ],
}

if __name__ == "__main__":
    keep_land(box for boxes in BOXES.values() for box in boxes)
