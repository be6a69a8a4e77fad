"""Commands that stand in modules of their own, loaded where one of them is asked for."""

from __future__ import annotations

import typer

import witoil.cli.events
import witoil.cli.sciences  # noqa: F401 - adds its commands to those of modules
from witoil.cli.begin import begin_app
from witoil.cli.catalog import catalog_app
from witoil.cli.exports import exports_app
from witoil.cli.pictures import pictures_app
from witoil.cli.plugins import modules_app, predict_app
from witoil.cli.runs import runs_app

others = typer.Typer()

others.add_typer(begin_app)
others.add_typer(catalog_app, name="catalog")
others.add_typer(exports_app)
others.add_typer(modules_app, name="modules")
others.add_typer(pictures_app)
others.add_typer(predict_app)
others.add_typer(runs_app)
