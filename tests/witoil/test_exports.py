"""Runs in the formats of other tools, each read back by GDAL and by the format's own library."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import xarray as xr
from command import witoil
from hypothesis import given
from hypothesis import strategies as st

from simulator import Status
from witoil.case import load_case
from witoil.exports import outlines
from witoil.exports import particles as exported
from witoil.exports.formats import FORMATS
from witoil.exports.layers import Layer
from witoil.runs.opening import open_run

NAME = "=HYPERLINK(1)<script>alert('ö')</script> ../a/b ]]>&amp;\u0007"
"""Of a case: HTML, a formula, a path, the end of CDATA, an entity and a bell."""

MAPS = ("kmz", "gpkg", "shp", "csv", "geojson")
GDAL = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "csv": "CSV", "geojson": "GeoJSON"}
EXACT = 0.0
OF_TEXT = 0.6e-7  # degrees, half of the seventh decimal
