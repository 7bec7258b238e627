"""Every knob of Zos, with unit, range and default: the models, and loading them from YAML and environment."""

from zos.config.load import LoadedConfig, load_config
from zos.config.model import Config

__all__ = ["Config", "LoadedConfig", "load_config"]
