"""The 19 animations of the guide to convolution arithmetic."""

from .tracing.conv_arithmetic import ANIMATIONS, animation
from .tracing.parsing import make_module

__all__ = ["ANIMATIONS", "animation", "make_module"]
