import json
import subprocess
import sys

from catalog.forcing.names import QUANTITIES, ROLES


def test_every_role_uses_quantities_of_the_table() -> None:
    assert {name for role in ROLES.values() for name in role.quantities} == set(QUANTITIES)


def test_aliases_are_lower_case_and_settle_one_quantity_of_a_role() -> None:
    for role in ROLES.values():
        aliases = [a for n in role.quantities for a in QUANTITIES[n].aliases]
        assert len(set(aliases)) == len(aliases)
        assert [alias.lower() for alias in aliases] == aliases


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import catalog, json, sys; dir(catalog); print(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(printed.stdout))
    assert "catalog" in loaded
    assert loaded.isdisjoint({"numpy", "xarray", "geopandas", "rasterio", "shapely", "netCDF4"})
