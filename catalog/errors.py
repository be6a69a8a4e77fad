"""What can go wrong between a user's file and the simulator, said in one line."""


class CatalogError(ValueError):
    """Data that cannot be used as they are.

    The message is one line for people: what was wrong, where (file and variable), what was
    found, what was expected and what to do.
    """

    def __init__(self, message: str) -> None:
        # Messages of GDAL and HDF5, quoted in ours, run over several lines.
        super().__init__(" ".join(message.split()))


class UnreadableFileError(CatalogError):
    """A file that is missing, broken, or not of the format it claims to be."""


class CoverageError(CatalogError):
    """Data that do not reach over the wanted period or box."""
