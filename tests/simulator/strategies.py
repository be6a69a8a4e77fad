"""What hypothesis draws from: coasts, flows, particles and steps."""

import numpy as np
import shapely
from hypothesis import settings
from hypothesis import strategies as st

# The first call compiles the kernels, for longer than an example may take.
NO_DEADLINE = settings(deadline=None)

SEEDS = st.integers(0, 2**32 - 1)
UNIT = st.floats(0.0, 1.0)


@st.composite
def points(draw, box):
    west, south, east, north = box
    return west + draw(UNIT) * (east - west), south + draw(UNIT) * (north - south)


@st.composite
def blobs(draw, box):
    """Star-shaped islands, convex or not, with a lagoon as often as without."""
    centre = np.array(draw(points(box)))
    size = (0.02 + 0.3 * draw(UNIT)) * (box[3] - box[1])
    radii = draw(st.lists(st.floats(0.2, 1.0), min_size=3, max_size=12))
    angles = 2.0 * np.pi * np.arange(len(radii)) / len(radii)
    shore = np.outer(radii, [1.0, 1.0]) * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    holes = [centre + 0.5 * size * shore] if draw(st.booleans()) else []
    return shapely.Polygon(centre + size * shore, holes)


@st.composite
def slivers(draw, box):
    """Land bars 1 m to 20 m wide."""
    ends = draw(st.lists(points(box), min_size=2, max_size=4, unique=True))
    bar = shapely.LineString(ends).buffer(10.0 ** draw(st.floats(-5.0, -4.0)), cap_style="flat")
    return bar if bar.area > 0.0 else shapely.Polygon()


def lands(box):
    """Up to four pieces of land that may overlap one another and the border of the box."""
    pieces = st.lists(st.one_of(blobs(box), slivers(box)), max_size=4)
    return pieces.map(lambda parts: shapely.union_all(parts) if parts else shapely.Polygon())


@st.composite
def flows(draw, rows, columns, speed=2.0):
    """Return u and v on a few nodes, from calm to rough. [m s-1]"""
    noise = np.random.default_rng(draw(SEEDS)).uniform(-1.0, 1.0, (2, rows, columns))
    return speed * draw(UNIT) * noise + speed * draw(st.floats(-1.0, 1.0))
