"""The files of a data directory that are derived from its log."""

from typing import Final

from ..projections.file_names import REBUILT
from .data_directory import MOMENTS_NAME, VIEWS_NAME

DERIVED_FROM_THE_LOG: Final = (VIEWS_NAME, VIEWS_NAME + REBUILT, MOMENTS_NAME)
"""Files with content of the log. They are rebuilt from it when they are missing."""
