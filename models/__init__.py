"""Tables, one aggregate per file; importing the package registers them all."""

import models as _package
from app.core.discover import import_all

import_all(_package)
