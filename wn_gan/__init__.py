"""GANs with batch and weight normalization, scored by reconstruction."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__version__ = "0.2.0"

# Old module -> new module, and old -> new names within it.
_MOVED: dict[str, tuple[str, Mapping[str, str]]] = {
    "wn_gan.evaluation": ("wn_gan.evaluate", {}),
    "wn_gan.evaluation.own_images": ("wn_gan.data.own_images", {}),
    "wn_gan.metrics": ("wn_gan.runs.metrics", {}),
    "wn_gan.model": ("wn_gan.gan.model", {}),
    "wn_gan.optimizers": ("wn_gan.gan.optimizers", {}),
    "wn_gan.report": ("wn_gan.compare", {}),
    "wn_gan.sampling": (
        "wn_gan.generators",
        {
            "Source": "Generator",
            "open_run": "open_generator",
            "open_saved_model": "open_generator",
        },
    ),
    "wn_gan.serving": ("wn_gan.client", {}),
    "wn_gan.training": ("wn_gan.train.train_run", {}),
}


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> Callable[[str], Any]:
    """Returns a package `__getattr__` that imports names on first use.

    Args:
        package: full name of the package.
        modules: public name -> module in the package that defines it.
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no {name!r}")
        module = importlib.import_module(f"{package}.{modules[name]}")
        return getattr(module, name)

    return get


class _MovedModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Redirects imports of version 0.1 in 0.2, with a warning."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the spec of a moved module, else None."""
        if fullname not in _MOVED:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=True)

    def exec_module(self, module: types.ModuleType) -> None:
        """Makes the old module look up its names in the new one."""
        new, renamed = _MOVED[module.__name__]
        warnings.warn(
            f"{module.__name__} is now {new}; 0.3 removes the old name",
            FutureWarning,
            stacklevel=2,
        )

        def get(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            name = renamed.get(name, name)
            try:
                return getattr(importlib.import_module(new), name)
            except AttributeError:
                return importlib.import_module(f"{new}.{name}")

        module.__getattr__ = get


sys.meta_path.append(_MovedModules())
