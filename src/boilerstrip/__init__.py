"""boilerstrip: article text in, the story out.

>>> from boilerstrip import label
>>> [str(paragraph.label) for paragraph in label("All rights reserved.")]
['credits']
"""

from .config import Config, ConfigError
from .model import WeightsError
from .records import Explanation, Kind, Label, Paragraph, Reason
from .site import SiteProfile
from .stripper import Stripper, clean, clean_html, explain, explain_html, label, label_html

__all__ = [
    "Config",
    "ConfigError",
    "Explanation",
    "Kind",
    "Label",
    "Paragraph",
    "Reason",
    "SiteProfile",
    "Stripper",
    "WeightsError",
    "__version__",
    "clean",
    "clean_html",
    "explain",
    "explain_html",
    "label",
    "label_html",
]

__version__ = "0.1.0"
